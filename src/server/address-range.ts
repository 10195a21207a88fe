// An IPv4 range as offsets: 0 is the first address that may be given.

export interface AddressRange {
  readonly cidr: string
  /** How many addresses may be given: neither the network's own nor the broadcast address. */
  readonly size: number
  addressAt(offset: number): string
  /** Undefined for an address that is not in the range. */
  offsetOf(address: string): number | undefined
}

/** Throws for anything but an IPv4 CIDR of /8 to /30. */
export function parseRange(cidr: string): AddressRange {
  const [address = '', bits = ''] = cidr.split('/')
  const length = Number(bits)
  const start = numberOf(address)
  if (start === undefined || !Number.isInteger(length) || length < 8 || length > 30) {
    throw new Error(`Cannot use service CIDR "${cidr}": want an IPv4 range of /8 to /30`)
  }
  const total = 2 ** (32 - length)
  const base = Math.floor(start / total) * total
  const size = total - 2
  return {
    cidr,
    size,
    addressAt: offset => textOf(base + 1 + offset),
    offsetOf(text) {
      const number = numberOf(text)
      if (number === undefined) return undefined
      const offset = number - base - 1
      return offset >= 0 && offset < size ? offset : undefined
    },
  }
}

function numberOf(address: string): number | undefined {
  const parts = address.split('.')
  if (parts.length !== 4) return undefined
  let number = 0
  for (const part of parts) {
    const byte = Number(part)
    if (!/^\d{1,3}$/.test(part) || byte > 255) return undefined
    number = number * 256 + byte
  }
  return number
}

function textOf(number: number): string {
  return [number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255].join('.')
}
