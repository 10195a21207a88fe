// Repairs inconsistencies between addresses and IPAddress objects: after a crash between two writes, for Services of older data, and if
// a user deleted or changed objects of the server. As upstream's ipallocator-repair-controller.
import { addressNumber, addressText } from '../../api/addresses/ipv4-range.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Service } from '../../api/types/core-v1.ts'
import { turn } from '../../base/async/turns.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { type NextTime, RepeatedWork } from '../../base/repeated-work.ts'
import { followChanges } from '../../store/follow-changes.ts'
import type { Collection, Entry } from '../../store/store.ts'
import type { OwnRequests } from '../http/internal-requests.ts'
import type { AddressBook } from './address-book.ts'
import { type AddressObjects, isOf, serviceOf } from './address-objects.ts'
import { numbersOf } from './cluster-addresses.ts'
import { repairEvent } from './repair-event.ts'
import { planRepair, type Repair, type RepairEvent } from './repair-plan.ts'

export interface AddressRepairParts {
  readonly book: AddressBook
  readonly objects: AddressObjects
  readonly addresses: Collection
  readonly services: Collection
  readonly requests: () => OwnRequests
  readonly clock: Clock
  readonly log: Logger
}

/** Parallel repairs after a start, when each Service of older data may need an object. */
const parallel = 32
/** Addresses checked per round of the event loop, about 2 ms. */
const perTurn = 200

export class AddressRepair {
  readonly #parts: AddressRepairParts
  readonly #work: RepeatedWork
  #sequence = 0

  constructor(parts: AddressRepairParts, signal: AbortSignal) {
    this.#parts = parts
    const { clock, log } = parts
    this.#work = new RepeatedWork({ name: 'service addresses', clock, log, work: address => this.#repair(address) }, signal)
  }

  /** The address or its object changed. */
  due(address: string): void {
    this.#work.due(address)
  }

  /** A range was removed, so addresses of Services may be outside all ranges. */
  lookAtRanges(): void {
    const { book } = this.#parts
    for (const number of book.held()) if (!book.isWithin(number)) this.due(addressText(number))
  }

  /** Checks all addresses, then each change, until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { book, addresses, log } = this.#parts
    const { entries, revision } = addresses.list({})
    followChanges(addresses, { after: revision, signal, log }, ({ type, event: { entry } }) => {
      if (type !== 'DELETED') {
        if (!this.#isRight(entry)) this.due(entry.name)
        return
      }
      const number = addressNumber(entry.name)
      if (number === undefined) return
      book.freed(number)
      if (book.holderOf(number) !== undefined) this.due(entry.name)
    })
    const waiting = await this.#wrong(entries)
    const begin = async (): Promise<void> => {
      for (let address = waiting.pop(); address !== undefined && !signal.aborted; address = waiting.pop()) {
        // Failed and waiting repairs are checked again with the changes from now on.
        if ((await this.#tried(address)) !== 'never') this.due(address)
      }
    }
    await Promise.all(Array.from({ length: parallel }, begin))
    for (const [number, service] of book.contested()) await this.#reportContested(number, service)
    await this.#work.run()
  }

  /** The addresses that are inconsistent with their objects. Yields in between, because there may be tens of thousands. */
  async #wrong(entries: readonly Entry[]): Promise<string[]> {
    const { book, objects } = this.#parts
    const wrong = new Set<string>()
    let looked = 0
    for (const entry of entries) {
      if (++looked % perTurn === 0) await turn()
      if (!this.#isRight(entry)) wrong.add(entry.name)
    }
    for (const number of book.held()) {
      if (++looked % perTurn === 0) await turn()
      const address = addressText(number)
      if (!book.isWithin(number) || objects.entry(address) === undefined) wrong.add(address)
    }
    return [...wrong]
  }

  #isRight(entry: Entry): boolean {
    const number = addressNumber(entry.name)
    const holder = number === undefined ? undefined : this.#parts.book.holderOf(number)
    return holder !== undefined && isOf(entry, holder)
  }

  async #tried(address: string): Promise<NextTime> {
    try {
      return await this.#repair(address)
    } catch (err) {
      this.#parts.log.error('address not repaired', { ip: address, err })
      return 'when due'
    }
  }

  async #repair(address: string): Promise<NextTime> {
    const { book, objects, clock } = this.#parts
    const number = addressNumber(address)
    const holder = number === undefined ? undefined : book.holderOf(number)
    const entry = objects.entry(address)
    const parent = entry === undefined ? undefined : serviceOf(entry)
    const repair = planRepair({
      ...{ address, holder, entry },
      isSettled: holder !== undefined && number !== undefined && this.#hasAddress(holder, number),
      isWithin: number !== undefined && book.isWithin(number),
      parentExists: parent !== undefined && this.#service(parent) !== undefined,
      age: entry === undefined ? 0 : clock.now() - Date.parse(entry.object.metadata.creationTimestamp ?? ''),
    })
    await this.#apply(address, holder, entry, repair)
    return repair.act === 'wait' ? repair.ms : 'never'
  }

  async #apply(address: string, holder: string | undefined, entry: Entry | undefined, repair: Repair): Promise<void> {
    if (repair.act === 'nothing' || repair.act === 'wait') return
    const about = repair.event?.about === 'service' ? holder && this.#service(holder) : entry?.object
    if (repair.event && about) await this.#report(about, repair.event)
    const { objects } = this.#parts
    const isSame = (now: Entry): boolean => now.revision === entry?.revision
    if (repair.act === 'delete' || repair.act === 'recreate') await objects.delete(address, isSame)
    if ((repair.act === 'create' || repair.act === 'recreate') && holder !== undefined) await objects.create(address, holder)
  }

  #service(key: string): KubeObject | undefined {
    const [namespace = '', name = ''] = key.split('/')
    return this.#parts.services.newest(namespace, name)?.object
  }

  #hasAddress(key: string, number: number): boolean {
    const service = this.#service(key)
    // The schema of Services decoded the object.
    return service !== undefined && numbersOf(service as Service).includes(number)
  }

  async #reportContested(number: number, key: string): Promise<void> {
    const service = this.#service(key)
    const note = `Cluster IP [IPv4]:${addressText(number)} was assigned to multiple services; please recreate service`
    if (service) await this.#report(service, { about: 'service', reason: 'ClusterIPAlreadyAllocated', note })
  }

  /** A failed event does not stop the repair. */
  async #report(about: KubeObject, event: RepairEvent): Promise<void> {
    const { clock, requests, log } = this.#parts
    try {
      const object = repairEvent(about, event, clock.now(), this.#sequence++)
      await requests().write('POST', `/apis/events.k8s.io/v1/namespaces/${object.metadata.namespace}/events`, object)
    } catch (err) {
      log.debug('event not written', { reason: event.reason, err })
    }
  }
}
