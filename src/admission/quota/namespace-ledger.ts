// The quotas of one namespace and the usage of its objects, updated with each change.

import type { KubeObject } from '../../api/object.ts'
import type { ReadonlyAmounts } from '../../api/quantity/resource-amounts.ts'
import { parseAmounts, sameAmounts } from '../../api/quantity/resource-amounts.ts'
import type { ObjectChange } from '../../api/store-view.ts'
import type { ResourceQuota } from '../../api/types/core-v1.ts'
import { semanticallyEqual } from '../../api/validation/semantic-equality.ts'
import type { Evaluator } from './evaluator.ts'
import { evaluatorOf } from './evaluators.ts'
import type { QuotaSource } from './quota-source.ts'
import { TrackedQuota } from './tracked-quota.ts'

/** The charges of an object. */
interface Charge {
  readonly quota: TrackedQuota
  readonly amounts: ReadonlyAmounts
}

interface ObjectRecord {
  readonly usage: ReadonlyAmounts
  readonly charges: readonly Charge[]
  /** When its usage ends by time alone. */
  readonly endsAt: number | undefined
}

/** The usage of an admitted request. It ends when its stored object is counted, or when it fails. */
export interface Reservation {
  readonly groupResource: string
  /** The name at the time of the check. A generated name may be drawn again. */
  readonly name: string
  readonly uid: string
  /** The revision that the request changes; 0 for a create. Only a later version can be its result. */
  readonly after: number
  /** By name, because a changed quota is tracked anew. */
  readonly amounts: ReadonlyMap<string, ReadonlyAmounts>
  /** Its request has ended and its write is visible. */
  stored: boolean
}

export class NamespaceLedger {
  readonly namespace: string
  readonly #source: QuotaSource
  #quotas = new Map<string, TrackedQuota>()
  #byResource = new Map<string, TrackedQuota[]>()
  #ofBytes: readonly TrackedQuota[] = []
  /** By resource and name; only for resources whose objects are measured individually. */
  readonly #records = new Map<string, Map<string, ObjectRecord>>()
  /** Objects that changed since they were measured and were not parsed. Evaluated when needed, so that many changes cost one evaluation. */
  readonly #unmeasured = new Map<string, Set<string>>()
  /** By uid, or by resource and name for counted objects, which are interchangeable. */
  readonly #reservations = new Map<string, Reservation[]>()
  /** Changes up to this revision are counted. */
  #countedAt = 0
  #nextEnd = Number.POSITIVE_INFINITY

  constructor(namespace: string, source: QuotaSource) {
    this.namespace = namespace
    this.#source = source
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

  /** Quotas that limit the total bytes of objects. */
  get ofBytes(): readonly TrackedQuota[] {
    return this.#ofBytes
  }

  get resources(): Iterable<string> {
    return this.#byResource.keys()
  }

  quota(name: string): TrackedQuota | undefined {
    return this.#quotas.get(name)
  }

  /** Takes the newest version of a quota. Returns whether a recount is needed. */
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

  /** Drops all counts and counts again. */
  recount(now: number): void {
    const sorted = [...this.#quotas.values()].map(({ object }) => new TrackedQuota(object))
    sorted.sort((a, b) => (a.name < b.name ? -1 : 1))
    this.#quotas = new Map(sorted.map(quota => [quota.name, quota]))
    this.#ofBytes = sorted.filter(({ hardBytes }) => hardBytes !== undefined)
    this.#byResource = new Map()
    for (const quota of sorted) {
      for (const resource of quota.covered.keys()) {
        const others = this.#byResource.get(resource)
        if (others === undefined) this.#byResource.set(resource, [quota])
        else others.push(quota)
      }
    }
    this.#records.clear()
    this.#unmeasured.clear()
    this.#nextEnd = Number.POSITIVE_INFINITY
    this.#countedAt = this.#source.revision
    for (const resource of this.#byResource.keys()) {
      const evaluator = evaluatorOf(resource)
      if (evaluator.measures === 'count') this.#addCount(resource, this.#source.count(resource, this.namespace))
      else
        for (const object of this.#source.each(resource, { namespace: this.namespace }))
          this.#record(evaluator, object.metadata.name ?? '', object, now)
    }
    for (const reservation of [...this.#reservations.values()].flat()) {
      if (reservation.stored) this.#forget(reservation)
      else this.#promise(reservation, (quota, amounts) => quota.promise(amounts))
    }
  }

  /** Takes a change of an object that a quota counts. Returns whether the usage may have changed. */
  apply(groupResource: string, change: ObjectChange, now: number): boolean {
    const { type, name, revision } = change
    const evaluator = evaluatorOf(groupResource)
    if (evaluator.measures === 'count') {
      if (type === 'ADDED') this.#countedOne(groupResource, name)
      if (type === 'MODIFIED' || revision <= this.#countedAt || !this.#byResource.has(groupResource)) return false
      this.#addCount(groupResource, type === 'ADDED' ? 1 : -1)
      return true
    }
    if (!this.#byResource.has(groupResource)) return false
    let names = this.#unmeasured.get(groupResource)
    if (type !== 'DELETED') {
      // No reservation of this server covers what another one wrote, so it counts at once.
      const object = change.byOther === true ? change.object : change.objectAtHand
      if (object !== undefined) {
        names?.delete(name)
        return this.#remeasure(evaluator, name, object, now)
      }
      if (names === undefined) {
        names = new Set()
        this.#unmeasured.set(groupResource, names)
      }
      names.add(name)
      return true
    }
    names?.delete(name)
    this.#release(change.object, revision)
    return this.#record(evaluator, name, undefined, now)
  }

  /** Measures changed objects and removes usage that ended by time. Returns whether there was anything to do. */
  advance(now: number): boolean {
    let changed = this.#end(now)
    for (const [resource, names] of this.#unmeasured) {
      const evaluator = evaluatorOf(resource)
      for (const name of names) {
        const object = this.#source.get(resource, this.namespace, name)
        changed =
          (object === undefined ? this.#record(evaluator, name, undefined, now) : this.#remeasure(evaluator, name, object, now)) || changed
      }
    }
    this.#unmeasured.clear()
    return changed
  }

  #remeasure(evaluator: Evaluator, name: string, object: KubeObject, now: number): boolean {
    const counted = this.#record(evaluator, name, object, now)
    // Even without a change of usage, its request has ended.
    const released = this.#reservations.size > 0 && this.#release(object, Number(object.metadata.resourceVersion))
    return counted || released
  }

  #end(now: number): boolean {
    if (now <= this.#nextEnd) return false
    this.#nextEnd = Number.POSITIVE_INFINITY
    for (const [resource, records] of this.#records) {
      for (const [name, { endsAt }] of records) {
        if (endsAt === undefined) continue
        const object = now > endsAt ? this.#source.get(resource, this.namespace, name) : undefined
        if (object === undefined) this.#nextEnd = Math.min(this.#nextEnd, endsAt)
        else this.#record(evaluatorOf(resource), name, object, now)
      }
    }
    return true
  }

  reserve(reservation: Reservation): void {
    const key = keyOf(reservation)
    const others = this.#reservations.get(key)
    if (others === undefined) this.#reservations.set(key, [reservation])
    else others.push(reservation)
    this.#promise(reservation, (quota, amounts) => quota.promise(amounts))
  }

  /** The request has ended. The charge of a stored object stays until it is counted; `name` is its final name. */
  settle(reservation: Reservation, stored: boolean, name: string): void {
    const counted = evaluatorOf(reservation.groupResource).measures === 'count'
    if (!stored) {
      // A stored object of this name may already have been counted for it.
      const waiting = counted ? this.#reservations.get(keyOf(reservation))?.[0] : reservation
      if (waiting !== undefined) this.#redeem(waiting)
    } else if (counted && name !== reservation.name) this.#redeem(reservation)
    else reservation.stored = true
  }

  /** Ends a reservation whose request is refused after all. */
  cancel(reservation: Reservation): void {
    this.#redeem(reservation)
  }

  #redeem(reservation: Reservation): boolean {
    if (!this.#forget(reservation)) return false
    this.#promise(reservation, (quota, amounts) => quota.redeem(amounts))
    return true
  }

  #forget(reservation: Reservation): boolean {
    const key = keyOf(reservation)
    const others = this.#reservations.get(key)
    const at = others?.indexOf(reservation) ?? -1
    if (others === undefined || at < 0) return false
    others.splice(at, 1)
    if (others.length === 0) this.#reservations.delete(key)
    return true
  }

  #promise({ amounts }: Reservation, act: (quota: TrackedQuota, amounts: ReadonlyAmounts) => void): void {
    for (const [name, charged] of amounts) {
      const quota = this.#quotas.get(name)
      if (quota !== undefined) act(quota, charged)
    }
  }

  #countedOne(groupResource: string, name: string): void {
    const [waiting] = this.#reservations.get(`${groupResource}/${name}`) ?? []
    if (waiting !== undefined) this.#redeem(waiting)
  }

  /** For an object that was measured in this version. Returns whether it had a reservation. */
  #release({ metadata }: KubeObject, revision: number): boolean {
    const waiting = this.#reservations.get(metadata.uid ?? '')
    if (waiting === undefined) return false
    return [...waiting].filter(reservation => revision > reservation.after && this.#redeem(reservation)).length > 0
  }

  #addCount(groupResource: string, by: number): void {
    for (const quota of this.quotasFor(groupResource)) {
      const covered = quota.covered.get(groupResource)
      // Counted objects are in no scope.
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

function keyOf({ groupResource, name, uid }: Reservation): string {
  return evaluatorOf(groupResource).measures === 'count' ? `${groupResource}/${name}` : uid
}

function sameCharges(a: ObjectRecord, b: ObjectRecord): boolean {
  if (a.charges.length !== b.charges.length || !sameAmounts(a.usage, b.usage)) return false
  return a.charges.every(({ quota }, index) => quota === b.charges[index]?.quota)
}
