// One ResourceQuota with its current usage, and the charges of pending requests.
import type { KubeObject } from '../../api/object.ts'
import { addQuantities, formatQuantity, integerValue, parseQuantity, type Quantity } from '../../api/quantity/quantity.ts'
import {
  addAmounts,
  parseAmounts,
  type ReadonlyAmounts,
  type ResourceAmounts,
  subtractAmounts,
} from '../../api/quantity/resource-amounts.ts'
import type { ResourceList, ResourceQuota, ResourceQuotaStatus, ScopedResourceSelectorRequirement } from '../../api/types/core-v1.ts'
import type { Evaluator } from './evaluator.ts'
import { evaluatorOf, resourceOf } from './evaluators.ts'
import { publishedSteps, storedBytesName } from './stored-bytes.ts'

/** The part of a quota that concerns the objects of one resource. */
export interface Covered {
  /** Sorted. */
  readonly names: readonly string[]
  /** Those that an object must state. */
  readonly demanded: readonly string[]
}

const nothing = parseQuantity('0')

export class TrackedQuota {
  readonly name: string
  readonly hard: ReadonlyAmounts
  /** All must match an object for the quota to count it. */
  readonly requirements: readonly ScopedResourceSelectorRequirement[]
  readonly covered: ReadonlyMap<string, Covered>
  /** Usage of stored objects, of the resources in `hard`. */
  readonly #used: ResourceAmounts = new Map()
  /** Charges of requests that are not stored yet. */
  readonly #pending: ResourceAmounts = new Map()
  readonly #masked = new WeakMap<ReadonlyAmounts, ReadonlyAmounts>()
  /** Limit of bytes of the namespace's objects; undefined if the quota has none, or has scopes. */
  readonly hardBytes: number | undefined
  /** The bytes in the last published status; undefined before. */
  #publishedBytes: number | undefined
  /** The newest version. */
  object: ResourceQuota

  constructor(object: ResourceQuota) {
    const { spec } = object
    this.name = object.metadata.name ?? ''
    this.object = object
    this.hard = parseAmounts(spec?.hard)
    this.requirements = requirementsOf(object)
    this.covered = coveredBy([...this.hard.keys()].sort())
    for (const name of this.hard.keys()) this.#used.set(name, nothing)
    const bytes = this.requirements.length === 0 ? this.hard.get(storedBytesName) : undefined
    this.hardBytes = bytes && Number(integerValue(bytes))
  }

  /** Whether this many bytes are in another step than the published ones. */
  outdates(bytes: number): boolean {
    if (this.hardBytes === undefined) return false
    return this.#publishedBytes === undefined || Math.abs(bytes - this.#publishedBytes) >= this.hardBytes / publishedSteps
  }

  /** Sets the stored bytes for the status. */
  useBytes(bytes: number): void {
    if (this.hardBytes === undefined) return
    this.#publishedBytes = bytes
    this.#used.set(storedBytesName, parseQuantity(String(bytes)))
  }

  /** Whether the object is in all scopes of the quota. */
  matches(evaluator: Evaluator, object: KubeObject): boolean {
    return this.requirements.every(requirement => evaluator.inScope(requirement, object))
  }

  /** The part of a usage that this quota limits. Computed once for pods with equal usage. */
  mask(covered: Covered, usage: ReadonlyAmounts): ReadonlyAmounts {
    const known = this.#masked.get(usage)
    if (known !== undefined) return known
    const masked: ResourceAmounts = new Map()
    this.#masked.set(usage, masked)
    for (const name of covered.names) {
      const amount = usage.get(name)
      if (amount !== undefined && amount.value !== 0n) masked.set(name, amount)
    }
    return masked
  }

  /** Stored and pending usage. */
  taken(name: string): Quantity {
    const used = this.#used.get(name) ?? nothing
    const pending = this.#pending.get(name)
    return pending === undefined || pending.value === 0n ? used : addQuantities(used, pending)
  }

  add(amounts: ReadonlyAmounts): void {
    addAmounts(this.#used, amounts)
  }

  subtract(amounts: ReadonlyAmounts): void {
    subtractAmounts(this.#used, amounts)
  }

  promise(amounts: ReadonlyAmounts): void {
    addAmounts(this.#pending, amounts)
  }

  /** Removes a charge. */
  redeem(amounts: ReadonlyAmounts): void {
    subtractAmounts(this.#pending, amounts)
  }

  /** The status as it should be. */
  status(): ResourceQuotaStatus {
    const used: ResourceList = {}
    for (const [name, amount] of this.#used) used[name] = formatQuantity(amount)
    return { hard: { ...this.object.spec?.hard }, used }
  }

  /** Whether the stored status is up to date. */
  get isPublished(): boolean {
    const { hard = {}, used = {} } = this.object.status ?? {}
    const now = this.status()
    return sameList(hard, now.hard ?? {}) && sameList(used, now.used ?? {})
  }
}

function requirementsOf({ spec }: ResourceQuota): ScopedResourceSelectorRequirement[] {
  const scopes = (spec?.scopes ?? []).map(scopeName => ({ scopeName, operator: 'Exists' }))
  return [...scopes, ...(spec?.scopeSelector?.matchExpressions ?? [])]
}

function coveredBy(names: readonly string[]): Map<string, Covered> {
  const byResource = new Map<string, string[]>()
  for (const name of names) {
    const resource = resourceOf(name)
    if (resource === undefined) continue
    const sofar = byResource.get(resource)
    if (sofar === undefined) byResource.set(resource, [name])
    else sofar.push(name)
  }
  return new Map(
    [...byResource].map(([resource, covered]) => {
      const evaluator = evaluatorOf(resource)
      return [resource, { names: covered, demanded: covered.filter(name => evaluator.mustStateUsage?.(name)) }]
    }),
  )
}

function sameList(a: ResourceList, b: ResourceList): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every(name => a[name] === b[name])
}
