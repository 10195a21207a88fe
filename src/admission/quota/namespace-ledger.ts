// The quotas of one namespace and what its objects use of them, kept with each change.
import type { KubeObject } from '../../api/object.ts'
import type { ReadonlyAmounts } from '../../api/resource-amounts.ts'
import { parseAmounts, sameAmounts } from '../../api/resource-amounts.ts'
import type { ResourceQuota } from '../../api/types/core-v1.ts'
import { semanticallyEqual } from '../../api/validation/object-meta.ts'
import type { ObjectChange, ObjectFeed } from '../object-feed.ts'
import type { Evaluator } from './evaluator.ts'
import { evaluatorOf } from './evaluators.ts'
import { TrackedQuota } from './tracked-quota.ts'

/** Where an object is charged. */
interface Charge {
  readonly quota: TrackedQuota
  readonly amounts: ReadonlyAmounts
}

interface ObjectRecord {
  readonly usage: ReadonlyAmounts
  readonly charges: readonly Charge[]
  /** When it ceases to use anything by time alone. */
  readonly endsAt: number | undefined
}

/** What a request that was admitted will use. It ends with the change that it is stored by, or with its failure. */
export interface Reservation {
  readonly groupResource: string
  readonly uid: string
  /** The revision that the request changes; 0 for a creation. Only a later version can be its outcome. */
  readonly after: number
  /** By name, since a quota that changes is tracked anew. */
  readonly amounts: ReadonlyMap<string, ReadonlyAmounts>
  /** Its request is over and what it wrote can be seen. */
  stored: boolean
}

export class NamespaceLedger {
  readonly namespace: string
  readonly #feed: ObjectFeed
  #quotas = new Map<string, TrackedQuota>()
  #byResource = new Map<string, TrackedQuota[]>()
  /** By resource and name; only of resources whose objects are measured one by one. */
  readonly #records = new Map<string, Map<string, ObjectRecord>>()
  readonly #reservations = new Map<string, Reservation[]>()
  /** Changes up to here are in what was counted. */
  #countedAt = 0
  #nextEnd = Number.POSITIVE_INFINITY

  constructor(namespace: string, feed: ObjectFeed) {
    this.namespace = namespace
    this.#feed = feed
  }

  get isEmpty(): boolean {
    return this.#quotas.size === 0
  }

  get quotas(): Iterable<TrackedQuota> {
    return this.#quotas.values()
  }

  /** In the order of their names. */
  quotasFor(groupResource: string): readonly TrackedQuota[] {
    return this.#byResource.get(groupResource) ?? []
  }

  get resources(): Iterable<string> {
    return this.#byResource.keys()
  }

  quota(name: string): TrackedQuota | undefined {
    return this.#quotas.get(name)
  }

  /** Takes the newest version of a quota. Returns whether anything must be counted anew. */
  put(object: ResourceQuota): boolean {
    const name = object.metadata.name ?? ''
    const known = this.#quotas.get(name)
    if (known !== undefined && semanticallyEqual(known.object.spec, object.spec)) {
      known.object = object
      return false
    }
    this.#quotas.set(name, new TrackedQuota(object))
    return true
  }

  remove(name: string): boolean {
    return this.#quotas.delete(name)
  }

  /** Forgets what was counted and counts what is there. */
  recount(now: number): void {
    const sorted = [...this.#quotas.values()].map(({ object }) => new TrackedQuota(object))
    sorted.sort((a, b) => (a.name < b.name ? -1 : 1))
    this.#quotas = new Map(sorted.map(quota => [quota.name, quota]))
    this.#byResource = new Map()
    for (const quota of sorted) {
      for (const resource of quota.covered.keys()) {
        const others = this.#byResource.get(resource)
        if (others === undefined) this.#byResource.set(resource, [quota])
        else others.push(quota)
      }
    }
    this.#records.clear()
    this.#nextEnd = Number.POSITIVE_INFINITY
    this.#countedAt = this.#feed.revision
    for (const resource of this.#byResource.keys()) {
      const evaluator = evaluatorOf(resource)
      if (evaluator.measures === 'count') this.#addCount(resource, this.#feed.count(resource, this.namespace))
      else for (const object of this.#feed.list(resource, this.namespace)) this.#record(evaluator, object.metadata.name ?? '', object, now)
    }
    for (const reservation of [...this.#reservations.values()].flat()) {
      if (reservation.stored) this.#forget(reservation)
      else this.#promise(reservation, (quota, amounts) => quota.promise(amounts))
    }
  }

  /** Takes a change of an object that some quota counts. Returns whether what is used changed. */
  apply(groupResource: string, change: ObjectChange, now: number): boolean {
    if (this.#reservations.size > 0) this.#seen(change)
    if (change.revision <= this.#countedAt || !this.#byResource.has(groupResource)) return false
    const evaluator = evaluatorOf(groupResource)
    if (evaluator.measures === 'objects')
      return this.#record(evaluator, change.name, change.type === 'DELETED' ? undefined : change.object, now)
    if (change.type === 'MODIFIED') return false
    this.#addCount(groupResource, change.type === 'ADDED' ? 1 : -1)
    return true
  }

  /** Takes away what has ended by time alone. Returns whether something had. */
  advance(now: number): boolean {
    if (now <= this.#nextEnd) return false
    this.#nextEnd = Number.POSITIVE_INFINITY
    for (const [resource, records] of this.#records) {
      for (const [name, { endsAt }] of records) {
        if (endsAt === undefined) continue
        const object = now > endsAt ? this.#feed.get(resource, this.namespace, name) : undefined
        if (object === undefined) this.#nextEnd = Math.min(this.#nextEnd, endsAt)
        else this.#record(evaluatorOf(resource), name, object, now)
      }
    }
    return true
  }

  reserve(reservation: Reservation): void {
    const { uid } = reservation
    const others = this.#reservations.get(uid)
    if (others === undefined) this.#reservations.set(uid, [reservation])
    else others.push(reservation)
    this.#promise(reservation, (quota, amounts) => quota.promise(amounts))
  }

  /** Its request has failed, or what it wrote is counted. Once more does nothing. */
  release(reservation: Reservation): void {
    if (this.#forget(reservation)) this.#promise(reservation, (quota, amounts) => quota.redeem(amounts))
  }

  #forget(reservation: Reservation): boolean {
    const others = this.#reservations.get(reservation.uid)
    const at = others?.indexOf(reservation) ?? -1
    if (others === undefined || at < 0) return false
    others.splice(at, 1)
    if (others.length === 0) this.#reservations.delete(reservation.uid)
    return true
  }

  #promise({ amounts }: Reservation, act: (quota: TrackedQuota, amounts: ReadonlyAmounts) => void): void {
    for (const [name, charged] of amounts) {
      const quota = this.#quotas.get(name)
      if (quota !== undefined) act(quota, charged)
    }
  }

  #seen({ object, revision }: ObjectChange): void {
    const waiting = this.#reservations.get(object.metadata.uid ?? '')
    for (const reservation of waiting === undefined ? [] : [...waiting]) if (revision > reservation.after) this.release(reservation)
  }

  #addCount(groupResource: string, by: number): void {
    for (const quota of this.quotasFor(groupResource)) {
      const covered = quota.covered.get(groupResource)
      // No scope has objects that are only counted.
      if (covered === undefined || quota.requirements.length > 0) continue
      const amounts = parseAmounts(Object.fromEntries(covered.names.map(name => [name, String(Math.abs(by))])))
      if (by > 0) quota.add(amounts)
      else if (by < 0) quota.subtract(amounts)
    }
  }

  #record(evaluator: Evaluator, name: string, object: KubeObject | undefined, now: number): boolean {
    const { groupResource } = evaluator
    let records = this.#records.get(groupResource)
    if (records === undefined) {
      records = new Map()
      this.#records.set(groupResource, records)
    }
    const before = records.get(name)
    const after = object === undefined ? undefined : this.#measure(evaluator, object, now)
    if (after === undefined) records.delete(name)
    else {
      records.set(name, after)
      if (after.endsAt !== undefined && now <= after.endsAt) this.#nextEnd = Math.min(this.#nextEnd, after.endsAt)
    }
    if (before !== undefined && after !== undefined && sameCharges(before, after)) return false
    for (const { quota, amounts } of before?.charges ?? []) quota.subtract(amounts)
    for (const { quota, amounts } of after?.charges ?? []) quota.add(amounts)
    return true
  }

  #measure(evaluator: Evaluator, object: KubeObject, now: number): ObjectRecord {
    const usage = evaluator.usage(object, now)
    const charges: Charge[] = []
    for (const quota of this.quotasFor(evaluator.groupResource)) {
      const covered = quota.covered.get(evaluator.groupResource)
      if (covered !== undefined && quota.matches(evaluator, object)) charges.push({ quota, amounts: quota.mask(covered, usage) })
    }
    return { usage, charges, endsAt: evaluator.endsAt?.(object) }
  }
}

function sameCharges(a: ObjectRecord, b: ObjectRecord): boolean {
  if (a.charges.length !== b.charges.length || !sameAmounts(a.usage, b.usage)) return false
  return a.charges.every(({ quota }, index) => quota === b.charges[index]?.quota)
}
