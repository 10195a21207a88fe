// IP addresses and CIDRs as upstream's "sloppy" parsers accept them: IPv4 parts may have leading zeros, IPv6 has no zone.
import { isIPv6 } from 'node:net'
import { type FieldError, invalidValue } from '../field-error.ts'

/** The bytes of an address: 4 for IPv4 (and for the ::ffff:a.b.c.d form), 16 for IPv6. */
export type IpBytes = readonly number[]

export function parseIp(text: string): IpBytes | undefined {
  if (!text.includes(':')) return parseIpv4(text)
  // Go's older parser accepts any number of leading zeros.
  const address = text.replace(/(?<![\da-f])0+(?=[\da-f]{4}(?![\da-f]))/gi, '')
  if (text.includes('%') || !isIPv6(address)) return undefined
  const bytes = expandIpv6(address)
  const mapped = bytes.slice(0, 10).every(byte => byte === 0) && bytes[10] === 255 && bytes[11] === 255
  return mapped ? bytes.slice(12) : bytes
}

function parseIpv4(text: string): IpBytes | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  const bytes: number[] = []
  for (const part of parts) {
    if (!/^\d+$/.test(part)) return undefined
    const byte = Number(part)
    if (byte > 255) return undefined
    bytes.push(byte)
  }
  return bytes
}

function expandIpv6(text: string): number[] {
  const tail = text.lastIndexOf(':')
  const embedded = text.includes('.') ? parseIpv4(text.slice(tail + 1)) : undefined
  const head = embedded === undefined ? text : `${text.slice(0, tail + 1)}${hexPair(embedded, 0)}:${hexPair(embedded, 2)}`
  const [left = '', right] = head.split('::')
  const groups = (side: string): string[] => (side === '' ? [] : side.split(':'))
  const before = groups(left)
  const after = right === undefined ? [] : groups(right)
  const all = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
  return all.flatMap(group => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 255]
  })
}

function hexPair(bytes: IpBytes, at: number): string {
  return (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16)
}

export function isIpv6Text(text: string): boolean {
  return parseIp(text)?.length === 16
}

/** The canonical text of RFC 5952: lower case; the longest run of at least two zero groups is compressed, the first of equal ones. */
export function formatIp(bytes: IpBytes): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => hexPair(bytes, index * 2)).map(group => group.replace(/^0+(?=.)/, ''))
  let best = { start: 0, length: 1 }
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (groups[start + length] === '0') length++
    if (length > best.length) best = { start, length }
  }
  if (best.length === 1) return groups.join(':')
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`
}

export interface Cidr {
  readonly address: IpBytes
  readonly prefixLength: number
}

export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/')
  if (slash < 0) return undefined
  const address = parseIp(text.slice(0, slash))
  const bits = text.slice(slash + 1)
  if (address === undefined || !/^\d+$/.test(bits)) return undefined
  const ipv6Form = text.slice(0, slash).includes(':')
  const prefixLength = Number(bits)
  return prefixLength > (ipv6Form ? 128 : 32) ? undefined : { address, prefixLength }
}

export function validateIp(text: string, path: string, errors: FieldError[]): boolean {
  if (parseIp(text) !== undefined) return true
  errors.push(invalidValue(path, text, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'))
  return false
}

export function validateCidr(text: string, path: string, errors: FieldError[]): void {
  if (parseCidr(text) !== undefined) return
  errors.push(invalidValue(path, text, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'))
}

/** Endpoints and external IPs may not point at the unspecified, loopback or link-local ranges: those belong to each node. */
export function validateNonSpecialIp(text: string, path: string, errors: FieldError[]): void {
  const ip = parseIp(text)
  if (ip === undefined) {
    errors.push(invalidValue(path, text, 'must be a valid IP address'))
    return
  }
  const [a = 0, b = 0, c = 0] = ip
  const v4 = ip.length === 4
  const leading = ip.slice(0, -1).every(byte => byte === 0)
  if (leading && ip.at(-1) === 0) errors.push(invalidValue(path, text, `may not be unspecified (${text})`))
  if (v4 ? a === 127 : leading && ip.at(-1) === 1) {
    errors.push(invalidValue(path, text, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'))
  }
  if (v4 ? a === 169 && b === 254 : a === 0xfe && (b & 0xc0) === 0x80) {
    errors.push(invalidValue(path, text, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'))
  }
  if (v4 ? a === 224 && b === 0 && c === 0 : a === 0xff && (b & 0x0f) === 0x02) {
    errors.push(invalidValue(path, text, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'))
  }
}

/** Whether the addresses include both families. */
export function isDualStack(addresses: readonly (IpBytes | undefined)[]): boolean {
  return addresses.some(ip => ip?.length === 4) && addresses.some(ip => ip?.length === 16)
}
