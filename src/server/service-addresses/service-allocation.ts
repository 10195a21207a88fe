// Reserves cluster addresses and node ports of Services in memory, before anything is written.
import { addressNumber, addressText } from '../../api/addresses/ipv4-range.ts'
import type { KubeObject } from '../../api/object.ts'
import { needsClusterIp, normalizeClusterIps } from '../../api/resources/core/service-fields.ts'
import { ApiError, internalError } from '../../api/status.ts'
import type { Service } from '../../api/types/core-v1.ts'
import { type Reservation, ReservationLost, type Reservations } from '../objects/write-parts.ts'
import type { AddressBook } from './address-book.ts'
import type { AddressObjects } from './address-objects.ts'
import { numbersOf } from './cluster-addresses.ts'
import { DryPorts, keepNodePorts, type Ledger, NodePortAllocation, refused } from './node-port-allocation.ts'
import type { ServiceEndpoints } from './service-endpoints.ts'
import { setFamilies } from './service-families.ts'

/** Attempts to find an address for which no other user has created an IPAddress meanwhile. */
const attempts = 8

export class ServiceAllocation implements Reservations {
  readonly #book: AddressBook
  /** Undefined if IPAddresses are not served. */
  readonly #objects: AddressObjects | undefined
  /** Undefined if Endpoints are not served. */
  readonly #endpoints: ServiceEndpoints | undefined
  readonly #ports = new NodePortAllocation()

  constructor(
    book: AddressBook,
    objects: AddressObjects | undefined,
    endpoints: ServiceEndpoints | undefined,
    services: Iterable<Service>,
  ) {
    this.#book = book
    this.#objects = objects
    this.#endpoints = endpoints
    for (const service of services) {
      for (const number of numbersOf(service)) book.note(number, serviceKey(service))
      this.#ports.note(service)
    }
  }

  beginCreate(object: KubeObject, dryRun: boolean): Reservation {
    const service = object as Service
    return this.#begin(service, dryRun, ledger => {
      normalizeClusterIps(service)
      setFamilies(service, undefined)
      if (needsClusterIp(service)) this.#giveAddress(service, ledger, dryRun)
      this.#ports.giveNew(service, ledger)
    })
  }

  beginUpdate(object: KubeObject, old: KubeObject, dryRun: boolean): Reservation {
    const service = object as Service
    const before = old as Service
    return this.#begin(service, dryRun, ledger => {
      keepAddress(service, before)
      keepNodePorts(service, before)
      normalizeClusterIps(service, before)
      setFamilies(service, before)
      // Validation refuses a change of an existing address.
      if (needsClusterIp(service) && !needsClusterIp(before)) this.#giveAddress(service, ledger, dryRun)
      this.#ports.giveChanged(service, before, ledger)
      // A Service that no longer needs an address loses it; the address is free after the write.
      if (!needsClusterIp(service)) ledger.leaves = numbersOf(before)
    })
  }

  /** Another server wrote a Service, or removed it. */
  follow(object: KubeObject, before: KubeObject | undefined, isGone: boolean): void {
    const [service, earlier] = [object as Service, before as Service | undefined]
    const key = serviceKey(service)
    const kept = new Set(isGone ? [] : numbersOf(service))
    for (const number of numbersOf(earlier ?? service)) if (!kept.has(number)) this.#book.leave(number, key)
    for (const number of kept) this.#book.note(number, key)
    if (isGone) this.#ports.release(earlier ?? service)
    else this.#ports.follow(service, earlier ?? service)
  }

  async release(object: KubeObject): Promise<void> {
    const service = object as Service
    this.#ports.release(service)
    for (const number of numbersOf(service)) await this.#leave(number, serviceKey(service))
    const { namespace = '', name = '' } = service.metadata
    await this.#endpoints?.remove(namespace, name)
  }

  #begin(service: Service, dryRun: boolean, act: (ledger: AddressLedger) => void): Reservation {
    const dryPorts = dryRun ? new DryPorts() : undefined
    const ledger: AddressLedger = { taken: [], left: [], given: [], dryPorts, address: undefined, leaves: [] }
    const undo = (): void => {
      for (const give of ledger.taken.splice(0)) give()
    }
    try {
      act(ledger)
    } catch (err) {
      if (ledger.address) this.#book.leave(ledger.address.number, ledger.address.holder)
      undo()
      throw err
    }
    return {
      claim: () => (ledger.address && this.#objects ? this.#claim(service, ledger.address, this.#objects) : undefined),
      recheck: () => this.#recheck(service, ledger),
      renew: () => {
        undo()
        for (const takeAway of ledger.given.splice(0)) takeAway()
        this.#ports.giveNew(service, ledger)
      },
      finish: async success => {
        if (success && !dryRun) {
          for (const leave of ledger.left) leave()
          for (const number of ledger.leaves) await this.#leave(number, serviceKey(service))
          return
        }
        undo()
        const given = ledger.address
        if (given === undefined) return
        if (given.isStored) await this.#objects?.remove(addressText(given.number), given.holder)
        this.#book.leave(given.number, given.holder)
      },
    }
  }

  /** A port that the client chose is refused, one that it got is exchanged. */
  #recheck(service: Service, { given }: AddressLedger): void {
    const lost = this.#ports.lost(service)
    if (lost === undefined) return
    if (given.length > 0) throw new ReservationLost()
    const index = service.spec.ports?.findIndex(({ nodePort }) => nodePort === lost) ?? -1
    throw refused(service, [
      index < 0 ? 'spec.healthCheckNodePort' : `spec.ports[${index}].nodePort`,
      lost,
      'provided port is already allocated',
    ])
  }

  /** Deletes the IPAddress first: while it exists, no other Service gets the address. */
  async #leave(number: number, service: string): Promise<void> {
    // Another Service of older data may share the address and its object.
    if (this.#book.holderOf(number) === service) await this.#objects?.remove(addressText(number), service)
    this.#book.leave(number, service)
  }

  #giveAddress(service: Service, ledger: AddressLedger, dryRun: boolean): void {
    const { spec } = service
    if (spec.clusterIPs?.[0] === 'None') return
    const wanted = spec.clusterIPs?.[0] ?? ''
    const holder = serviceKey(service)
    const number = wanted === '' ? this.#book.takeNext(holder) : this.#takeWanted(service, wanted, holder, dryRun)
    if (number === undefined) throw internalError('failed to allocate a serviceIP: range is full')
    ledger.address = { number, holder, isWanted: wanted !== '', isStored: false }
    setAddress(service, wanted === '' ? addressText(number) : wanted)
  }

  #takeWanted(service: Service, address: string, holder: string, dryRun: boolean): number {
    const number = addressNumber(address)
    if (number === undefined || !this.#book.isGiven(number)) {
      const { ownRange } = this.#book
      // As upstream, a dry run checks one range, other writes all ranges.
      throw notGiven(
        service,
        address,
        dryRun
          ? `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${ownRange}`
          : 'the provided network does not match the current range',
      )
    }
    if (!this.#book.take(number, holder)) throw notGiven(service, address, alreadyAllocated)
    return number
  }

  /** Stores the IPAddress for the Service with its current name. */
  async #claim(service: Service, given: GivenAddress, objects: AddressObjects): Promise<void> {
    if (given.isStored && given.holder === serviceKey(service)) return
    // The name was generated again.
    if (given.isStored) await objects.remove(addressText(given.number), given.holder)
    this.#book.rename(given.number, given.holder, serviceKey(service))
    Object.assign(given, { holder: serviceKey(service), isStored: false })
    for (let attempt = 1; ; attempt++) {
      try {
        await objects.create(addressText(given.number), given.holder)
        given.isStored = true
        return
      } catch (err) {
        if (!(err instanceof ApiError)) throw err
        const isTaken = err.status.reason === 'AlreadyExists'
        const why = isTaken ? alreadyAllocated : err.message
        if (given.isWanted) throw notGiven(service, addressText(given.number), why)
        if (!isTaken || attempt >= attempts) throw internalError(`failed to allocate a serviceIP: ${why}`, { cause: err })
        this.#pass(service, given)
      }
    }
  }

  /** Chooses another address if another user created an IPAddress for this one during the request. */
  #pass(service: Service, given: GivenAddress): void {
    const next = this.#book.takeNext(given.holder)
    if (next === undefined) throw internalError('failed to allocate a serviceIP: range is full')
    this.#book.leave(given.number, given.holder)
    given.number = next
    setAddress(service, addressText(next))
  }
}

interface GivenAddress {
  number: number
  /** The Service as `namespace/name`. */
  holder: string
  readonly isWanted: boolean
  /** Whether its IPAddress is stored. */
  isStored: boolean
}

interface AddressLedger extends Ledger {
  address: GivenAddress | undefined
  leaves: readonly number[]
}

const alreadyAllocated = 'provided IP is already allocated'

function notGiven(service: Service, address: string, why: string): ApiError {
  return refused(service, ['spec.clusterIPs', service.spec.clusterIPs, `failed to allocate IP ${address}: ${why}`])
}

function setAddress({ spec }: Service, address: string): void {
  spec.clusterIP = address
  spec.clusterIPs = [address]
}

/** The key in the address book. */
const serviceKey = ({ metadata }: KubeObject): string => `${metadata.namespace}/${metadata.name}`

/** An update without the allocated address keeps it. */
function keepAddress(service: Service, before: Service): void {
  const { spec } = service
  const old = before.spec
  if (!needsClusterIp(before) || !needsClusterIp(service) || !old.clusterIP) return
  spec.clusterIP ||= old.clusterIP
  if ((spec.clusterIPs?.length ?? 0) === 0 && spec.clusterIP === old.clusterIP && old.clusterIPs) spec.clusterIPs = [...old.clusterIPs]
}
