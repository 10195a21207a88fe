// IPv4 addresses and networks as numbers, for arithmetic and comparison.
import { parseCidr, parseIp } from './ip-address.ts'

/** Both ends are included. */
export interface AddressRange {
  readonly first: number
  readonly last: number
}

/** Undefined if the text is no IPv4 address. */
export function addressNumber(text: string): number | undefined {
  const bytes = parseIp(text)
  return bytes?.length === 4 ? numberOf(bytes) : undefined
}

export const addressText = (number: number): string => [24, 16, 8, 0].map(shift => Math.floor(number / 2 ** shift) % 256).join('.')

/** The whole network that contains the address. Undefined if the text is no IPv4 network. */
export function rangeOf(cidr: string): AddressRange | undefined {
  const parsed = parseCidr(cidr)
  if (parsed?.address.length !== 4 || parsed.prefixLength > 32) return undefined
  const address = numberOf(parsed.address)
  const size = 2 ** (32 - parsed.prefixLength)
  const first = address - (address % size)
  return { first, last: first + size - 1 }
}

export const holds = ({ first, last }: AddressRange, number: number): boolean => first <= number && number <= last

export const overlap = (a: AddressRange, b: AddressRange): boolean => a.first <= b.last && b.first <= a.last

function numberOf(bytes: readonly number[]): number {
  return bytes.reduce((number, byte) => number * 256 + byte, 0)
}
