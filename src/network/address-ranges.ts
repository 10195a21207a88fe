// Ranges of IPv4 addresses: the blocks of a NetworkPolicy without their exceptions.
import { type AddressRange, addressText, rangeOf } from '../api/addresses/ipv4-range.ts'

export interface Block {
  readonly cidr: string
  readonly except?: readonly string[]
}

/** Sorted, without overlaps or empty ranges. IPv6 blocks are ignored: the pod network is IPv4. */
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
