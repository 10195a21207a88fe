// The cluster addresses of Services and the ranges of new addresses. In memory and synchronous.
import { type AddressRange, addressText, holds, rangeOf } from '../../api/addresses/ipv4-range.ts'
import { defaultServiceCidrName, givesAddresses } from '../../api/addresses/service-address.ts'
import type { ServiceCIDR } from '../../api/types/networking-v1.ts'
import { AddressTurns } from './address-turns.ts'

interface Range {
  readonly cidr: string
  /** First and last usable address, without the network and broadcast addresses. */
  readonly addresses: AddressRange
  /** The upper part is used first; the lower part is reserved for addresses that users choose. */
  readonly turns: readonly AddressTurns[]
  isReady: boolean
  /** Number of its addresses that Services hold. */
  held: number
}

/** For metrics. */
export interface RangeUse {
  readonly cidr: string
  readonly held: number
  readonly free: number
}

export interface AddressBookParts {
  /** The IPv4 range of the cluster's own ServiceCIDR, used while that object does not exist. */
  readonly cidr: string
  /** Whether an IPAddress exists for it, of any creator. */
  isStored(address: string): boolean
  /** Called for an address that its holder released while another Service of older data also names it. */
  readonly onInherited: (address: string) => void
}

export class AddressBook {
  readonly #parts: AddressBookParts
  /** The Service as `namespace/name`, by the address as a number. */
  readonly #holders = new Map<number, string>()
  /** Services of older data that name an address of another Service. */
  readonly #waiting = new Map<number, Set<string>>()
  #ranges: readonly Range[] = []

  /** Throws if the cluster's own range is not an IPv4 network. */
  constructor(parts: AddressBookParts) {
    this.#parts = parts
    if (rangeOf(parts.cidr) === undefined) throw new Error(`Cannot use service CIDR "${parts.cidr}": want an IPv4 network`)
    this.setRanges([])
  }

  /** The cluster's own range, for messages. */
  get ownRange(): string {
    return this.#parts.cidr
  }

  /** Sets all ServiceCIDRs. A network in several of them is used as long as one is ready. IPv6 is not supported. */
  setRanges(cidrs: readonly ServiceCIDR[]): void {
    const isOwn = ({ metadata }: ServiceCIDR): boolean => metadata.name === defaultServiceCidrName
    const wanted = new Map<string, boolean>(cidrs.some(isOwn) ? [] : [[this.#parts.cidr, true]])
    for (const object of [...cidrs.filter(isOwn), ...cidrs.filter(one => !isOwn(one))]) {
      for (const cidr of object.spec.cidrs ?? []) wanted.set(cidr, wanted.get(cidr) === true || givesAddresses(object))
    }
    this.#ranges = [...wanted].flatMap(([cidr, isReady]) => {
      const range = this.#ranges.find(known => known.cidr === cidr) ?? newRange(cidr, this.#holders.keys())
      return range === undefined ? [] : [Object.assign(range, { isReady })]
    })
  }

  get uses(): RangeUse[] {
    return this.#ranges.map(({ cidr, held, addresses: { first, last } }) => ({ cidr, held, free: Math.max(0, last - first + 1) - held }))
  }

  /** Whether the address is in a range that is ready. */
  isGiven(number: number): boolean {
    return this.#ranges.some(({ isReady, addresses }) => isReady && holds(addresses, number))
  }

  /** Whether the address is in any range, including terminating ones. */
  isWithin(number: number): boolean {
    return this.#ranges.some(({ addresses }) => holds(addresses, number))
  }

  holderOf(number: number): string | undefined {
    return this.#holders.get(number)
  }

  /** False if the address is taken. */
  take(number: number, service: string): boolean {
    if (!this.#isFree(number)) return false
    this.#hold(number, service)
    return true
  }

  /** Addresses of Services, as numbers. */
  held(): Iterable<number> {
    return this.#holders.keys()
  }

  /** Services of older data that name an address of another Service. */
  contested(): (readonly [number: number, service: string])[] {
    return [...this.#waiting].flatMap(([number, services]) => [...services].map(service => [number, service] as const))
  }

  /** Undefined if every range is full. */
  takeNext(service: string): number | undefined {
    for (const { isReady, turns } of this.#ranges) {
      for (const part of isReady ? turns : []) {
        const number = part.next(this.#isFree)
        if (number === undefined) continue
        this.#hold(number, service)
        return number
      }
    }
    return undefined
  }

  /** Records the address of an existing Service; the first of several holds it. */
  note(number: number, service: string): void {
    const holder = this.#holders.get(number)
    if (holder === undefined) this.#hold(number, service)
    else if (holder !== service) this.#waiting.set(number, (this.#waiting.get(number) ?? new Set()).add(service))
  }

  leave(number: number, service: string): void {
    const waiting = this.#waiting.get(number)
    waiting?.delete(service)
    if (this.#holders.get(number) !== service) return
    const [heir] = waiting ?? []
    if (heir === undefined) {
      this.#holders.delete(number)
      this.#count(number, -1)
      this.#waiting.delete(number)
      this.freed(number)
    } else {
      waiting?.delete(heir)
      this.#holders.set(number, heir)
      this.#parts.onInherited(addressText(number))
    }
  }

  /** The Service got another generated name before it was stored. */
  rename(number: number, from: string, to: string): void {
    if (this.#holders.get(number) === from) this.#holders.set(number, to)
  }

  /** Called when an IPAddress was deleted. */
  freed(number: number): void {
    if (!this.#isFree(number)) return
    for (const { addresses, turns } of this.#ranges) {
      if (holds(addresses, number)) for (const part of turns) part.free(number)
    }
  }

  #hold(number: number, service: string): void {
    this.#holders.set(number, service)
    this.#count(number, 1)
  }

  #count(number: number, by: 1 | -1): void {
    for (const range of this.#ranges) if (holds(range.addresses, number)) range.held += by
  }

  readonly #isFree = (number: number): boolean => !this.#holders.has(number) && !this.#parts.isStored(addressText(number))
}

function newRange(cidr: string, holders: Iterable<number>): Range | undefined {
  const whole = rangeOf(cidr)
  if (whole === undefined) return undefined
  const addresses = { first: whole.first + 1, last: whole.last - 1 }
  const middle = addresses.first + band(whole.last - whole.first + 1)
  const turns = [new AddressTurns(middle, addresses.last), new AddressTurns(addresses.first, middle - 1)]
  let held = 0
  for (const number of holders) if (holds(addresses, number)) held++
  return { cidr, addresses, turns, isReady: true, held }
}

/** Upstream's split (KEP-3070). */
function band(size: number): number {
  return size <= 16 ? 0 : Math.min(256, Math.max(16, Math.floor(size / 16)))
}
