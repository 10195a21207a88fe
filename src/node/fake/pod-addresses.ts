// The addresses of one node's range, assigned in order as by CNI's host-local: a released address is reused as late as possible.
import { addressNumber, addressText, rangeOf } from '../../api/addresses/ipv4-range.ts'
import { writeJson } from '../../base/write-json.ts'

/** Network, gateway and broadcast addresses are not assigned. */
const firstHost = 2

export class PodAddresses {
  readonly #network: number
  readonly #hosts: number
  readonly #given = new Set<number>()
  #last = firstHost - 1

  /** `range` is an IPv4 CIDR such as `10.244.3.0/24`, with room for at least one pod. */
  constructor(range: string) {
    const whole = rangeOf(range)
    if (whole === undefined || whole.last - whole.first < 3)
      throw new RangeError(`${writeJson(range)} is not an IPv4 range with room for a pod`)
    this.#network = whole.first
    this.#hosts = whole.last - whole.first + 1
  }

  /** Undefined if all are assigned. */
  take(): string | undefined {
    const usable = this.#hosts - 1 - firstHost
    for (let step = 1; step <= usable; step++) {
      const host = firstHost + ((this.#last - firstHost + step) % usable)
      if (this.#given.has(host)) continue
      this.#given.add(host)
      this.#last = host
      return addressText(this.#network + host)
    }
    return undefined
  }

  giveBack(address: string): void {
    this.#given.delete((addressNumber(address) ?? 0) - this.#network)
  }
}
