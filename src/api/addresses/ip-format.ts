// The recommended form of addresses: the strict fields reject others, the older, lenient ones only warn (KEP-4858).
import { isIP } from 'node:net'
import { type FieldError, invalidValue } from '../field-error.ts'
import { type Cidr, formatIp, parseCidr, parseIp, validateCidr, validateIp } from './ip-address.ts'

const isMapped = (text: string): boolean => text.includes(':') && parseIp(text)?.length === 4
/** For a parseable address. */
const hasLeadingZeros = (text: string): boolean => isIP(text) === 0
const addressOf = (cidr: string): string => cidr.slice(0, cidr.indexOf('/'))
const bitsOf = (cidr: string): string => cidr.slice(cidr.indexOf('/') + 1)

/** The range of a CIDR: bits after the prefix are zero. A mapped IPv4 address counts its prefix as IPv4 does. */
function rangeOf(text: string, { address, prefixLength }: Cidr): Cidr {
  const prefix = isMapped(addressOf(text)) ? Math.max(0, prefixLength - 96) : prefixLength
  const masked = address.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))) & 0xff)
  return { address: masked, prefixLength: prefix }
}

const formatCidr = ({ address, prefixLength }: Cidr): string => `${formatIp(address)}/${prefixLength}`
const hasHostBits = (cidr: Cidr, range: Cidr): boolean => cidr.address.some((byte, index) => byte !== range.address[index])

/** For fields that accept only the canonical form. */
export function validateCanonicalIp(text: string, field: string, errors: FieldError[]): void {
  const bytes = parseIp(text)
  if (!validateIp(text, field, errors) || bytes === undefined) return
  if (hasLeadingZeros(text)) errors.push(invalidValue(field, text, 'must not have leading 0s'))
  else if (isMapped(text)) errors.push(invalidValue(field, text, 'must not be an IPv4-mapped IPv6 address'))
  else if (formatIp(bytes) !== text) errors.push(invalidValue(field, text, `must be in canonical form ("${formatIp(bytes)}")`))
}

/** For fields that accept only the canonical form of a range. */
export function validateCanonicalCidr(text: string, field: string, errors: FieldError[]): void {
  validateCidr(text, field, errors)
  const cidr = parseCidr(text)
  if (cidr === undefined) return
  const range = rangeOf(text, cidr)
  const refuse = (detail: string): void => {
    errors.push(invalidValue(field, text, detail))
  }
  if (hasLeadingZeros(addressOf(text)) || /^0\d/.test(bitsOf(text))) refuse('must not have leading 0s in IP or prefix length')
  else if (isMapped(addressOf(text))) refuse('must not have an IPv4-mapped IPv6 address')
  else if (hasHostBits(cidr, range)) refuse('must not have bits set beyond the prefix length')
  else if (formatCidr(range) !== text) refuse(`must be in canonical form ("${formatCidr(range)}")`)
}

/** Warnings about an accepted address that should be written differently. */
export function ipWarnings(text: string, field: string): string[] {
  const bytes = parseIp(text)
  if (bytes === undefined) return []
  const form = formatIp(bytes)
  if (hasLeadingZeros(text) || isMapped(text)) {
    return [`${field}: non-standard IP address "${text}" will be considered invalid in a future Kubernetes release: use "${form}"`]
  }
  if (form === text || bytes.length === 4) return []
  return [`${field}: IPv6 address "${text}" should be in RFC 5952 canonical format ("${form}")`]
}

/** The same for a range. */
export function cidrWarnings(text: string, field: string): string[] {
  const cidr = parseCidr(text)
  if (cidr === undefined) return []
  const range = rangeOf(text, cidr)
  const form = formatCidr(range)
  const warnings: string[] = []
  if (hasHostBits(cidr, range)) {
    const single = `${formatIp(cidr.address)}/${cidr.address.length * 8}`
    warnings.push(`${field}: CIDR value "${text}" is ambiguous in this context (should be "${form}" or "${single}"?)`)
  }
  if (hasLeadingZeros(addressOf(text)) || isMapped(addressOf(text)) || /^0\d/.test(bitsOf(text))) {
    warnings.push(`${field}: non-standard CIDR value "${text}" will be considered invalid in a future Kubernetes release: use "${form}"`)
  }
  if (warnings.length > 0 || form === text) return warnings
  return [`${field}: IPv6 CIDR value "${text}" should be in RFC 5952 canonical format ("${form}")`]
}
