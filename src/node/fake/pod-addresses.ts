// The addresses of one node's range, given in turn as CNI's host-local does: an address that was given back is used again as late as possible.

/** Network, gateway and broadcast are no pod's. */
const firstHost = 2

export class PodAddresses {
  readonly #network: number
  readonly #hosts: number
  readonly #given = new Set<number>()
  #last = firstHost - 1

  /** `range` is an IPv4 CIDR such as `10.244.3.0/24`, with room for at least one pod. */
  constructor(range: string) {
    const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(range)
    const [a = 256, b = 256, c = 256, d = 256, bits = 33] = match?.slice(1).map(Number) ?? []
    if (Math.max(a, b, c, d) > 255 || bits > 30) throw new RangeError(`${JSON.stringify(range)} is no IPv4 range with room for a pod`)
    this.#hosts = 2 ** (32 - bits)
    const address = ((a * 256 + b) * 256 + c) * 256 + d
    this.#network = address - (address % this.#hosts)
  }

  /** Undefined when all are given. */
  take(): string | undefined {
    const usable = this.#hosts - 1 - firstHost
    for (let step = 1; step <= usable; step++) {
      const host = firstHost + ((this.#last - firstHost + step) % usable)
      if (this.#given.has(host)) continue
      this.#given.add(host)
      this.#last = host
      return dotted(this.#network + host)
    }
    return undefined
  }

  giveBack(address: string): void {
    this.#given.delete(address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) - this.#network)
  }
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map(shift => Math.floor(address / 2 ** shift) % 256).join('.')
}
