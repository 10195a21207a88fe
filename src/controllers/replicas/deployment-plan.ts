// The arithmetic of rollouts: how many pods each replica set gets. Pure; the numbers are upstream's.
import type { Deployment, ReplicaSet } from '../../api/types/apps-v1.ts'
import type { IntOrString } from '../../api/types/meta-v1.ts'
import { sameTemplate } from './pod-template-hash.ts'

export const revisionAnnotation = 'deployment.kubernetes.io/revision'
export const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas'
export const maxAnnotation = 'deployment.kubernetes.io/max-replicas'

/** A replica set and its target size. */
export interface Scale {
  readonly replicaSet: ReplicaSet
  readonly to: number
}

export const sizeOf = ({ spec }: ReplicaSet): number => spec.replicas ?? 1
export const desiredReplicas = ({ spec }: Deployment): number => spec.replicas ?? 1
export const availableOf = ({ status }: ReplicaSet): number => status?.availableReplicas ?? 0
export const sum = (sets: readonly ReplicaSet[], of: (set: ReplicaSet) => number): number => sets.reduce((total, set) => total + of(set), 0)
export const isRolling = ({ spec }: Deployment): boolean => (spec.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate'

/** `25%` of a total, or a number. Other text counts as 0. */
export function resolveCount(value: IntOrString | undefined, whole: number, round: 'up' | 'down', fallback: IntOrString): number {
  const given = value ?? fallback
  if (typeof given === 'number') return given
  const percent = /^(\d+)%$/.exec(given)?.[1]
  if (percent === undefined) return 0
  const exact = (Number(percent) * whole) / 100
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact)
}

/** Pods above and below the requested number during a rollout; never both 0, or the rollout could not proceed. */
export function rolloutLimits(deployment: Deployment): { readonly surge: number; readonly unavailable: number } {
  const wanted = desiredReplicas(deployment)
  if (!isRolling(deployment)) return { surge: 0, unavailable: 0 }
  const { maxSurge, maxUnavailable } = deployment.spec.strategy?.rollingUpdate ?? {}
  const surge = resolveCount(maxSurge, wanted, 'up', '25%')
  let unavailable = resolveCount(maxUnavailable, wanted, 'down', '25%')
  if (surge === 0 && unavailable === 0) unavailable = 1
  return { surge, unavailable: Math.min(unavailable, wanted) }
}

const createdAt = ({ metadata }: ReplicaSet): number => Date.parse(metadata.creationTimestamp ?? '') || 0
const byName = (a: ReplicaSet, b: ReplicaSet): number => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1)
const oldestFirst = (a: ReplicaSet, b: ReplicaSet): number => createdAt(a) - createdAt(b) || byName(a, b)

/** The oldest replica set with the deployment's template, and the others. */
export function splitReplicaSets(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
): { readonly current: ReplicaSet | undefined; readonly old: readonly ReplicaSet[] } {
  const sorted = [...sets].sort(oldestFirst)
  const current = sorted.find(({ spec }) => sameTemplate(spec.template, deployment.spec.template))
  return { current, old: sorted.filter(set => set !== current) }
}

/** The revision in an annotation, an int64 as upstream parses it: numbers set by others are continued. 0 if there is none. */
export function revisionOf(object: { readonly metadata: { readonly annotations?: Record<string, string> } }): bigint {
  const text = object.metadata.annotations?.[revisionAnnotation] ?? ''
  const revision = /^\d{1,19}$/.test(text) ? BigInt(text) : 0n
  return revision > maxRevision ? 0n : revision
}

const maxRevision = 2n ** 63n - 1n

/** The revision after those of the old sets. */
export function revisionAfter(old: readonly ReplicaSet[]): bigint {
  const [highest = 0n] = old.map(revisionOf).sort((a, b) => Number(b - a))
  return highest + 1n
}

/** The maximum size of the current replica set now. */
export function currentSize(deployment: Deployment, all: readonly ReplicaSet[], current: number): number {
  const wanted = desiredReplicas(deployment)
  if (!isRolling(deployment)) return wanted
  const most = wanted + rolloutLimits(deployment).surge
  const pods = sum(all, sizeOf)
  if (pods >= most) return current
  return current + Math.min(most - pods, wanted - current)
}

/** The next step of a rolling update: grow the current set, otherwise shrink old ones; nothing if neither may change now. */
export function planRolling(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): readonly Scale[] {
  const wanted = desiredReplicas(deployment)
  const size = sizeOf(current)
  if (size > wanted) return [{ replicaSet: current, to: wanted }]
  const grown = size === wanted ? size : currentSize(deployment, [...old, current], size)
  if (grown !== size) return [{ replicaSet: current, to: grown }]
  return planShrinkOld(deployment, current, old)
}

/** Available pods that stay: the status of a set that was just shrunk may still count removed ones. */
const lastingOf = (set: ReplicaSet): number => Math.min(availableOf(set), sizeOf(set))

function planShrinkOld(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): readonly Scale[] {
  if (sum(old, sizeOf) === 0) return []
  const fewest = desiredReplicas(deployment) - rolloutLimits(deployment).unavailable
  const unavailable = sizeOf(current) - lastingOf(current)
  const most = sum([...old, current], sizeOf) - fewest - unavailable
  if (most <= 0) return []
  const sizes = new Map(old.map(set => [set, sizeOf(set)]))
  // Unavailable pods are removed first: a rollout must not hang on broken old pods.
  let removed = 0
  for (const set of [...old].sort(oldestFirst)) {
    const size = sizeOf(set)
    const step = Math.min(most - removed, size - availableOf(set))
    if (size === 0 || step <= 0) continue
    sizes.set(set, size - step)
    removed += step
  }
  let spare = sum([...old, current], lastingOf) - fewest
  for (const set of [...old].sort(oldestFirst)) {
    const size = sizes.get(set) ?? 0
    const step = Math.min(size, spare)
    if (step <= 0) continue
    sizes.set(set, size - step)
    spare -= step
  }
  return [...sizes].filter(([set, to]) => to !== sizeOf(set)).map(([replicaSet, to]) => ({ replicaSet, to }))
}

/** Sizes after `spec.replicas` changed, or while paused: every active set keeps its share. */
export function planScaling(deployment: Deployment, current: ReplicaSet | undefined, old: readonly ReplicaSet[]): readonly Scale[] {
  const wanted = desiredReplicas(deployment)
  const all = current === undefined ? [...old] : [...old, current]
  const active = all.filter(set => sizeOf(set) > 0)
  const newest = [...old].sort(oldestFirst).at(-1)
  const only = active.length === 0 ? (current ?? newest) : active.length === 1 ? active[0] : undefined
  if (active.length <= 1) return only === undefined || isSizedFor(only, wanted) ? [] : [{ replicaSet: only, to: wanted }]
  if (current !== undefined && isSaturated(deployment, current)) {
    return active.filter(set => set !== current).map(replicaSet => ({ replicaSet, to: 0 }))
  }
  return isRolling(deployment) ? planProportions(deployment, active) : []
}

function isSaturated(deployment: Deployment, set: ReplicaSet): boolean {
  const wanted = desiredReplicas(deployment)
  return isSizedFor(set, wanted) && availableOf(set) === wanted
}

const isSizedFor = (set: ReplicaSet, wanted: number): boolean =>
  sizeOf(set) === wanted && Number(set.metadata.annotations?.[desiredAnnotation] ?? Number.NaN) === wanted

function planProportions(deployment: Deployment, active: readonly ReplicaSet[]): readonly Scale[] {
  const wanted = desiredReplicas(deployment)
  const most = wanted > 0 ? wanted + rolloutLimits(deployment).surge : 0
  const toAdd = most - sum(active, sizeOf)
  const sorted = [...active].sort((a, b) => sizeOf(b) - sizeOf(a) || (toAdd > 0 ? oldestFirst(b, a) : oldestFirst(a, b)))
  let added = 0
  const sizes = sorted.map(set => {
    const share = shareOf(set, deployment, most, toAdd, added)
    added += share
    return sizeOf(set) + share
  })
  return sorted.map((replicaSet, index) => {
    const size = sizes[index] ?? 0
    // The rest from rounding goes to the largest set.
    return { replicaSet, to: index === 0 && toAdd !== 0 ? Math.max(0, size + toAdd - added) : size }
  })
}

function shareOf(set: ReplicaSet, deployment: Deployment, most: number, toAdd: number, added: number): number {
  const size = sizeOf(set)
  if (size === 0 || toAdd === 0 || toAdd === added) return 0
  const annotated = Number(set.metadata.annotations?.[maxAnnotation] ?? Number.NaN)
  const before = Number.isInteger(annotated) && annotated > 0 ? annotated : (deployment.status?.replicas ?? 0)
  const share = desiredReplicas(deployment) === 0 ? -size : before === 0 ? 0 : Math.round((size * most) / before) - size
  return toAdd > 0 ? Math.min(share, toAdd - added) : Math.max(share, toAdd - added)
}

/** `spec.replicas` differs from the size for which active sets were last scaled. */
export function isScaling(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.some(set => {
    const desired = set.metadata.annotations?.[desiredAnnotation]
    return sizeOf(set) > 0 && desired !== undefined && Number(desired) !== desiredReplicas(deployment)
  })
}

/** Old empty sets above the history limit, lowest revision first. */
export function planCleanup(deployment: Deployment, old: readonly ReplicaSet[]): readonly ReplicaSet[] {
  const limit = deployment.spec.revisionHistoryLimit ?? 10
  const alive = old.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const surplus = alive.length - limit
  if (surplus <= 0) return []
  return [...alive]
    .sort((a, b) => Number(revisionOf(a) - revisionOf(b)) || oldestFirst(a, b))
    .slice(0, surplus)
    .filter(({ spec, status, metadata }) => {
      const settled = (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0)
      return (status?.replicas ?? 0) === 0 && (spec.replicas ?? 1) === 0 && settled
    })
}
