// Whether a request stays within the quotas of its namespace, with upstream's rules and words (apiserver's resourcequota admission). Pure.
import type { KubeObject } from '../../api/object.ts'
import { addQuantities, compareQuantities, formatQuantity, type Quantity } from '../../api/quantity/quantity.ts'
import { type ReadonlyAmounts, type ResourceAmounts, subtractAmounts } from '../../api/quantity/resource-amounts.ts'
import type { ScopedResourceSelectorRequirement } from '../../api/types/core-v1.ts'
import type { Evaluator } from './evaluator.ts'
import type { TrackedQuota } from './tracked-quota.ts'

/** Of the plug-in's configuration: resources that need a quota. */
export interface LimitedResource {
  readonly groupResource: string
  /** Parts of names of resources. */
  readonly matchContains: readonly string[]
  readonly matchScopes: readonly ScopedResourceSelectorRequirement[]
}

export interface QuotaRequest {
  readonly object: KubeObject
  /** Undefined for a create. */
  readonly oldObject: KubeObject | undefined
  readonly now: number
}

export type QuotaVerdict =
  /** The amounts to charge to each quota, by name. */
  { readonly allowed: true; readonly charges: ReadonlyMap<string, ReadonlyAmounts> } | { readonly allowed: false; readonly why: string }

const nothingCharged: ReadonlyMap<string, ReadonlyAmounts> = new Map()

export function checkQuotas(
  evaluator: Evaluator,
  quotas: readonly TrackedQuota[],
  limited: readonly LimitedResource[],
  request: QuotaRequest,
): QuotaVerdict {
  const { groupResource } = evaluator
  const { object, oldObject, now } = request
  const matching = quotas.filter(quota => quota.matches(evaluator, object))
  for (const quota of matching) {
    const demanded = quota.covered.get(groupResource)?.demanded ?? []
    const missing = demanded.length === 0 ? undefined : evaluator.missing?.(demanded, object)
    if (missing !== undefined) return { allowed: false, why: `failed quota: ${quota.name}: ${missing}` }
  }
  const usage = evaluator.usage(object, now)
  const grown = oldObject === undefined ? usage : growth(usage, evaluator.usage(oldObject, now))
  const uncovered = checkLimited(evaluator, quotas, matching, limited, object, usage, grown)
  if (uncovered !== undefined) return { allowed: false, why: uncovered }
  if (matching.length === 0) return { allowed: true, charges: nothingCharged }
  const charges = new Map<string, ReadonlyAmounts>()
  for (const quota of matching) {
    const covered = quota.covered.get(groupResource)
    if (covered === undefined) continue
    // An object that enters a scope by the request is new to the quota.
    const counted = oldObject === undefined || !quota.matches(evaluator, oldObject) ? usage : grown
    const requested = quota.mask(covered, counted)
    if (requested.size === 0) continue
    const why = exceeded(quota, requested)
    if (why !== undefined) return { allowed: false, why }
    charges.set(quota.name, requested)
  }
  return { allowed: true, charges }
}

/** Only growth is charged; a decrease is released when it is stored. */
function growth(usage: ReadonlyAmounts, before: ReadonlyAmounts): ReadonlyAmounts {
  const grown: ResourceAmounts = new Map(usage)
  subtractAmounts(grown, before)
  for (const [name, { value }] of grown) if (value <= 0n) grown.delete(name)
  return grown
}

/** As `checkQuotas` says it, of amounts that are charged already. */
export function exceededBy(
  charges: ReadonlyMap<string, ReadonlyAmounts>,
  quotaOf: (name: string) => TrackedQuota | undefined,
): string | undefined {
  for (const [name, charged] of charges) {
    const quota = quotaOf(name)
    const why = quota && exceeded(quota, charged, true)
    if (why !== undefined) return why
  }
  return undefined
}

function exceeded(quota: TrackedQuota, requested: ReadonlyAmounts, isCharged = false): string | undefined {
  const over: string[] = []
  for (const [name, amount] of requested) {
    const hard = quota.hard.get(name)
    const total = isCharged ? quota.taken(name) : addQuantities(quota.taken(name), amount)
    if (hard !== undefined && compareQuantities(total, hard) > 0) over.push(name)
  }
  if (over.length === 0) return undefined
  over.sort()
  const show = (of: (name: string) => Quantity | undefined): string =>
    over
      .map(name => {
        const amount = of(name)
        return `${name}=${amount === undefined ? '0' : formatQuantity(amount)}`
      })
      .join(',')
  const used = show(name => quota.taken(name))
  return `exceeded quota: ${quota.name}, requested: ${show(name => requested.get(name))}, used: ${used}, limited: ${show(name => quota.hard.get(name))}`
}

function checkLimited(
  evaluator: Evaluator,
  quotas: readonly TrackedQuota[],
  matching: readonly TrackedQuota[],
  limited: readonly LimitedResource[],
  object: KubeObject,
  usage: ReadonlyAmounts,
  grown: ReadonlyAmounts,
): string | undefined {
  if (limited.length === 0 || ![...grown.values()].some(({ value }) => value > 0n)) return undefined
  const { groupResource } = evaluator
  const own = limited.filter(resource => resource.groupResource === groupResource)
  const covered = new Set(matching.flatMap(quota => quota.covered.get(groupResource)?.names ?? []))
  const open = [...usage]
    .filter(([name, { value }]) => value > 0n && own.some(({ matchContains }) => matchContains.some(part => name.includes(part))))
    .flatMap(([name]) => (covered.has(name) ? [] : [name]))
  if (open.length > 0) return `insufficient quota to consume: ${open.sort().join(',')}`
  const inScope = (requirements: readonly ScopedResourceSelectorRequirement[]) =>
    requirements.filter(requirement => evaluator.inScope(requirement, object))
  const scoped = new Set(inScope(quotas.flatMap(quota => quota.requirements)).map(({ scopeName }) => scopeName))
  const wanted = inScope(limited.flatMap(({ matchScopes }) => matchScopes)).filter(({ scopeName }) => !scoped.has(scopeName))
  if (wanted.length === 0) return undefined
  const shown = wanted.map(({ scopeName, operator, values = [] }) => `{${scopeName} ${operator} [${values.join(' ')}]}`).join(' ')
  return `insufficient quota to match these scopes: [${shown}]`
}
