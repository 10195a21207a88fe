// All quotas of the cluster with their usage: checked and charged in one step, so that two requests cannot use the same remaining amount.

import type { KubeObject } from '../../api/object.ts'
import { formatQuantity } from '../../api/quantity/quantity.ts'
import type { ResourceQuota } from '../../api/types/core-v1.ts'
import { checkQuotas, exceededBy, type LimitedResource, type QuotaRequest } from './check.ts'
import type { Evaluator } from './evaluator.ts'
import { evaluatorOf } from './evaluators.ts'
import { NamespaceLedger, type Reservation } from './namespace-ledger.ts'
import type { QuotaSource } from './quota-source.ts'
import { storedBytesName } from './stored-bytes.ts'
import type { TrackedQuota } from './tracked-quota.ts'

const quotaResource = 'resourcequotas'

export type Admitted =
  /** `charge` is undefined if nothing was charged. */
  { readonly allowed: true; readonly charge: Charge | undefined } | { readonly allowed: false; readonly why: string }

export interface Charge {
  /** Called when the request has ended, with whether it is stored and visible. */
  settle(stored: boolean): void
  /** After other servers wrote: why the charge is now too much, and then it is cancelled. */
  recheck(): string | undefined
}

export interface QuotaLedgerOptions {
  readonly source: QuotaSource
  /** Milliseconds since the epoch. */
  now(): number
  readonly limited?: readonly LimitedResource[]
}

/**
 * Counts stored objects from changes of the store, and pending ones from requests. A request is charged from its check until its change is
 * seen (which then counts) or until it has failed.
 */
export class QuotaLedger {
  readonly #source: QuotaSource
  readonly #now: () => number
  readonly #limited: readonly LimitedResource[]
  readonly #limitedResources: ReadonlySet<string>
  readonly #namespaces = new Map<string, NamespaceLedger>()
  readonly #followed = new Set<string>()
  /** `namespace/name` of quotas whose status may be outdated. */
  #stale = new Set<string>()
  #wake: (() => void) | undefined

  constructor({ source, now, limited = [] }: QuotaLedgerOptions) {
    this.#source = source
    this.#now = now
    this.#limited = limited
    // Only pods can be in scopes.
    this.#limitedResources = new Set(
      limited.flatMap(({ groupResource, matchScopes }) => (matchScopes.length > 0 ? [groupResource, 'pods'] : [groupResource])),
    )
    const changed = new Set<NamespaceLedger>()
    for (const object of source.list(quotaResource)) {
      const ledger = this.#open(object.metadata.namespace ?? '')
      ledger.put(object as ResourceQuota)
      changed.add(ledger)
    }
    source.follow(quotaResource, ({ type, namespace, name, object }) =>
      this.#quotaChanged(namespace, name, type === 'DELETED' ? undefined : (object as ResourceQuota)),
    )
    for (const ledger of changed) this.#recount(ledger)
    source.followStoredBytes(namespace => {
      const ledger = this.#namespaces.get(namespace)
      if (ledger === undefined || ledger.ofBytes.length === 0) return
      const bytes = source.storedBytes(namespace)
      for (const quota of ledger.ofBytes) if (quota.outdates(bytes)) this.#mark(`${namespace}/${quota.name}`)
    })
  }

  /**
   * Why an object may not grow by this many bytes; undefined if it may. A refused object is not written, and a written one counts at once.
   */
  refuseGrowth(namespace: string, growth: number): string | undefined {
    const bytes = this.#source.storedBytes(namespace)
    const exceeded = this.#namespaces.get(namespace)?.ofBytes.find(({ hardBytes = 0 }) => bytes + growth > hardBytes)
    if (exceeded === undefined) return undefined
    const hard = exceeded.hard.get(storedBytesName)
    const amounts = `requested: ${storedBytesName}=${growth}, used: ${storedBytesName}=${bytes}, limited: ${storedBytesName}=${hard && formatQuantity(hard)}`
    return `exceeded quota: ${exceeded.name}, ${amounts}. Delete objects of the namespace or make them smaller, or raise spec.hard["${storedBytesName}"] of the quota`
  }

  /** Whether a quota may limit the usage of the resource's objects in the namespace. */
  concerns(groupResource: string, namespace: string): boolean {
    if (this.#limitedResources.has(groupResource)) return true
    const ledger = this.#namespaces.get(namespace)
    return ledger !== undefined && ledger.quotasFor(groupResource).length > 0
  }

  /** Checks and, unless it is a dry run, charges. */
  admit(groupResource: string, namespace: string, request: Omit<QuotaRequest, 'now'>, rehearsal: boolean): Admitted {
    const evaluator = evaluatorOf(groupResource)
    const ledger = this.#namespaces.get(namespace)
    if (ledger !== undefined && !this.#followed.has(groupResource)) {
      this.#follow(groupResource)
      this.#recount(ledger)
    }
    const verdict = this.#check(evaluator, ledger, request)
    if (!verdict.allowed) return verdict
    if (rehearsal || ledger === undefined || verdict.charges.size === 0) return { allowed: true, charge: undefined }
    const { object, oldObject } = request
    const reservation: Reservation = {
      groupResource,
      name: object.metadata.name ?? '',
      uid: object.metadata.uid ?? '',
      after: Number(oldObject?.metadata.resourceVersion ?? 0),
      amounts: verdict.charges,
      stored: false,
    }
    ledger.reserve(reservation)
    return {
      allowed: true,
      charge: {
        settle: stored => ledger.settle(reservation, stored, object.metadata.name ?? ''),
        recheck: () => {
          const why = exceededBy(reservation.amounts, name => ledger.quota(name))
          if (why !== undefined) ledger.cancel(reservation)
          return why
        },
      },
    }
  }

  /** Quotas whose stored status is outdated, since the last call. */
  takeStale(): readonly TrackedQuota[] {
    const now = this.#now()
    for (const ledger of this.#namespaces.values()) {
      // A custom resource may be served only since its quota was created.
      if ([...ledger.resources].some(resource => !this.#followed.has(resource) && this.#source.serves(resource))) this.#recount(ledger)
      else if (ledger.advance(now)) this.#markAll(ledger)
    }
    const stale = this.#stale
    this.#stale = new Set()
    return [...stale].flatMap(key => {
      const [namespace = '', name = ''] = key.split('/')
      const quota = this.#namespaces.get(namespace)?.quota(name)
      quota?.useBytes(this.#source.storedBytes(namespace))
      return quota === undefined || quota.isPublished ? [] : [quota]
    })
  }

  /** Marks a quota again whose status could not be written. */
  markStale({ metadata }: KubeObject): void {
    this.#mark(`${metadata.namespace ?? ''}/${metadata.name ?? ''}`)
  }

  /** Resolves when there is something to take, or with the signal. For one caller at a time. */
  async stale(signal: AbortSignal): Promise<void> {
    if (this.#stale.size > 0 || signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = () => resolve()
    this.#wake = wake
    signal.addEventListener('abort', wake, { once: true })
    await promise
    signal.removeEventListener('abort', wake)
  }

  #check(evaluator: Evaluator, ledger: NamespaceLedger | undefined, request: Omit<QuotaRequest, 'now'>) {
    const now = this.#now()
    const asked = { object: request.object, oldObject: request.oldObject, now }
    const check = () => checkQuotas(evaluator, ledger?.quotasFor(evaluator.groupResource) ?? [], this.#limited, asked)
    const verdict = check()
    // Decreases by changes that were not evaluated yet, or by time alone, are computed only if they matter.
    if (verdict.allowed || ledger === undefined || !ledger.advance(now)) return verdict
    this.#markAll(ledger)
    return check()
  }

  #quotaChanged(namespace: string, name: string, object: ResourceQuota | undefined): void {
    const ledger = this.#open(namespace)
    const changed = object === undefined ? ledger.remove(name) : ledger.put(object)
    if (changed) this.#recount(ledger)
    if (object !== undefined) this.#mark(`${namespace}/${name}`)
    if (ledger.isEmpty) this.#namespaces.delete(namespace)
  }

  #recount(ledger: NamespaceLedger): void {
    // A quota may name resources that are not served; following them would keep something for every invented name.
    ledger.recount(this.#now())
    for (const resource of ledger.resources) if (this.#source.serves(resource)) this.#follow(resource)
    this.#markAll(ledger)
  }

  #follow(groupResource: string): void {
    if (this.#followed.has(groupResource)) return
    this.#followed.add(groupResource)
    this.#source.follow(groupResource, change => {
      const ledger = this.#namespaces.get(change.namespace)
      if (!ledger?.apply(groupResource, change, this.#now())) return
      for (const quota of ledger.quotasFor(groupResource)) this.#mark(`${change.namespace}/${quota.name}`)
    })
  }

  #markAll(ledger: NamespaceLedger): void {
    for (const { name } of ledger.quotas) this.#mark(`${ledger.namespace}/${name}`)
  }

  #mark(key: string): void {
    this.#stale.add(key)
    this.#wake?.()
    this.#wake = undefined
  }

  #open(namespace: string): NamespaceLedger {
    let ledger = this.#namespaces.get(namespace)
    if (ledger === undefined) {
      ledger = new NamespaceLedger(namespace, this.#source)
      this.#namespaces.set(namespace, ledger)
    }
    return ledger
  }
}
