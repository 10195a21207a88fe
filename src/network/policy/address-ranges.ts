// Ranges of IPv4 addresses: what the blocks of a NetworkPolicy come to when their exceptions are taken out.
import { parseCidr } from '../../api/validation/ip-address.ts'

/** Both ends are within. */
export interface AddressRange {
  readonly first: number
  readonly last: number
}

export interface Block {
  readonly cidr: string
  readonly except?: readonly string[]
}

/** Sorted, without overlaps and gaps of nothing. Blocks of IPv6 hold no address of a pod network that has none. */
export function rangesOf(blocks: readonly Block[]): AddressRange[] {
  const parts = blocks.flatMap(({ cidr, except = [] }) => {
    const whole = rangeOf(cidr)
    if (whole === undefined) return []
    return except.reduce<AddressRange[]>((rest, text) => without(rest, rangeOf(text)), [whole])
  })
  return joined(parts)
}

export function rangeText({ first, last }: AddressRange): string {
  return first === last ? addressText(first) : `${addressText(first)}-${addressText(last)}`
}

/** Undefined for what is no IPv4 address. */
export function addressNumber(text: string): number | undefined {
  return rangeOf(`${text}/32`)?.first
}

/** The whole network that the address is in. Undefined for what is no IPv4 network. */
export function rangeOf(cidr: string): AddressRange | undefined {
  const parsed = parseCidr(cidr)
  if (parsed?.address.length !== 4 || parsed.prefixLength > 32) return undefined
  const address = parsed.address.reduce((number, byte) => number * 256 + byte, 0)
  const size = 2 ** (32 - parsed.prefixLength)
  const first = address - (address % size)
  return { first, last: first + size - 1 }
}

function without(ranges: readonly AddressRange[], hole: AddressRange | undefined): AddressRange[] {
  if (hole === undefined) return [...ranges]
  return ranges.flatMap(({ first, last }) =>
    [
      { first, last: Math.min(last, hole.first - 1) },
      { first: Math.max(first, hole.last + 1), last },
    ].filter(part => part.first <= part.last),
  )
}

function joined(ranges: readonly AddressRange[]): AddressRange[] {
  const result: { first: number; last: number }[] = []
  for (const { first, last } of [...ranges].sort((a, b) => a.first - b.first)) {
    const before = result.at(-1)
    if (before !== undefined && first <= before.last + 1) before.last = Math.max(before.last, last)
    else result.push({ first, last })
  }
  return result
}

export const addressText = (number: number): string => [24, 16, 8, 0].map(shift => Math.floor(number / 2 ** shift) % 256).join('.')
