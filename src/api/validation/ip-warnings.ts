// What upstream warns of in addresses that it still accepts: forms that other software reads otherwise, or writes otherwise.
import { type IpBytes, parseCidr, parseIp } from './ip-address.ts'

/** Of an address that validation accepts. */
export function warnOfIp(text: string, path: string, warnings: string[]): void {
  const ip = parseIp(text)
  if (ip === undefined) return
  const canonical = formatIp(ip)
  if (isNonStandard(text, ip)) {
    const advice = `will be considered invalid in a future Kubernetes release: use ${JSON.stringify(canonical)}`
    warnings.push(`${path}: non-standard IP address ${JSON.stringify(text)} ${advice}`)
  } else if (ip.length === 16 && canonical !== text) {
    warnings.push(`${path}: IPv6 address ${JSON.stringify(text)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`)
  }
}

/** Of a CIDR that validation accepts. */
export function warnOfCidr(text: string, path: string, warnings: string[]): void {
  const cidr = parseCidr(text)
  if (cidr === undefined) return
  const { address } = cidr
  const [addressText = '', bits = ''] = text.split('/')
  const mapped = address.length === 4 && addressText.includes(':')
  const prefixLength = mapped ? Math.max(0, cidr.prefixLength - 96) : cidr.prefixLength
  const network = formatIp(maskedTo(address, prefixLength))
  const shown = JSON.stringify(text)
  const whole = JSON.stringify(`${network}/${prefixLength}`)
  const before = warnings.length
  if (network !== formatIp(address)) {
    const single = JSON.stringify(`${formatIp(address)}/${address.length * 8}`)
    warnings.push(`${path}: CIDR value ${shown} is ambiguous in this context (should be ${whole} or ${single}?)`)
  }
  if (isNonStandard(addressText, address) || /^0\d/.test(bits)) {
    const advice = `will be considered invalid in a future Kubernetes release: use ${whole}`
    warnings.push(`${path}: non-standard CIDR value ${shown} ${advice}`)
  }
  if (warnings.length === before && address.length === 16 && `${network}/${prefixLength}` !== text) {
    warnings.push(`${path}: IPv6 CIDR value ${shown} should be in RFC 5952 canonical format (${whole})`)
  }
}

/** Leading zeros, which some read as octal, and IPv4 written as IPv6. */
function isNonStandard(text: string, ip: IpBytes): boolean {
  return ip.length === 4 && (text.includes(':') || text.split('.').some(part => /^0\d/.test(part)))
}

function maskedTo(address: IpBytes, prefixLength: number): IpBytes {
  return address.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefixLength - index * 8))
    return byte & (0xff << (8 - kept)) & 0xff
  })
}

/** In canonical form: dotted, or as RFC 5952 has it. */
export function formatIp(ip: IpBytes): string {
  if (ip.length === 4) return ip.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => (((ip[index * 2] ?? 0) << 8) | (ip[index * 2 + 1] ?? 0)).toString(16))
  const { start, length } = longestZeros(groups)
  if (length < 2) return groups.join(':')
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`
}

/** The first of the longest runs. */
function longestZeros(groups: readonly string[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === '0') length++
    if (length > best.length) best = { start, length }
  }
  return best
}
