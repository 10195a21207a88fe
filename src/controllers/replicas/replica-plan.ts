// How many pods to create or delete, which ones, and the status: shared by ReplicaSet and ReplicationController.
import type { Pod } from '../../api/types/core-v1.ts'
import { isActive, isAvailable, isReady, readySince, restarts, sidecarRestarts } from '../pod-state.ts'

/** Limit of pods created or deleted in one pass (upstream's BurstReplicas). */
const burst = 500
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost'

export type ReplicaPlan =
  | { readonly plan: 'create'; readonly count: number }
  | { readonly plan: 'delete'; readonly pods: readonly Pod[] }
  | { readonly plan: 'nothing' }

/** `related` are the pods of all replica sets of the same owner: a node with many of them loses pods first. */
export function planReplicas(wanted: number, active: readonly Pod[], related: readonly Pod[], now: number): ReplicaPlan {
  const difference = active.length - wanted
  if (difference < 0) return { plan: 'create', count: Math.min(-difference, burst) }
  if (difference === 0) return { plan: 'nothing' }
  const count = Math.min(difference, burst)
  return { plan: 'delete', pods: rankForDeletion(active, related, now).slice(0, count) }
}

const phaseRank: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

/** Negative if the first is deleted before the second, 0 if the next rule decides. */
type DeletionRule = (a: Pod, b: Pod) => number

/** The first in the list is deleted first (upstream's ActivePodsWithRanks). */
export function rankForDeletion(pods: readonly Pod[], related: readonly Pod[], now: number): Pod[] {
  const onNode = new Map<string, number>()
  for (const { spec } of related.filter(isActive)) {
    if (spec.nodeName !== undefined) onNode.set(spec.nodeName, (onNode.get(spec.nodeName) ?? 0) + 1)
  }
  const crowd = ({ spec }: Pod): number => onNode.get(spec.nodeName ?? '') ?? 0
  return ranked(pods, [
    ...byStage,
    (a, b) => cost(a) - cost(b),
    (a, b) => crowd(b) - crowd(a),
    byRoughAge(readySince, now),
    ...byRestarts,
    byRoughAge(createdAt, now),
    byUid,
  ])
}

/** The same for jobs, whose pods have no cost or rank, and whose age counts in seconds (upstream's ActivePods). */
export function rankByProgress(pods: readonly Pod[]): Pod[] {
  return ranked(pods, [...byStage, byAge(readySince), ...byRestarts, byAge(createdAt), byUid])
}

function ranked(pods: readonly Pod[], rules: readonly DeletionRule[]): Pod[] {
  return [...pods].sort((a, b) => {
    for (const rule of rules) {
      const order = rule(a, b)
      if (order !== 0) return order
    }
    return 0
  })
}

const assigned = ({ spec }: Pod): number => (spec.nodeName === undefined || spec.nodeName === '' ? 0 : 1)
const phase = ({ status }: Pod): number => phaseRank[status?.phase ?? 'Pending'] ?? 0

const byStage: readonly DeletionRule[] = [
  (a, b) => assigned(a) - assigned(b),
  (a, b) => phase(a) - phase(b),
  (a, b) => Number(isReady(a)) - Number(isReady(b)),
]

const byRestarts: readonly DeletionRule[] = [(a, b) => restarts(b) - restarts(a), (a, b) => sidecarRestarts(b) - sidecarRestarts(a)]

const byUid: DeletionRule = (a, b) => ((a.metadata.uid ?? '') < (b.metadata.uid ?? '') ? -1 : 1)

/** Newest first, and those without a time before them. */
function byAge(timeOf: (pod: Pod) => number | undefined): DeletionRule {
  return (a, b) => {
    const [first, second] = [timeOf(a) ?? 0, timeOf(b) ?? 0]
    return first === 0 || second === 0 ? first - second : second - first
  }
}

/** The same on a logarithmic scale (upstream's LogarithmicScaleDown): pods of about the same age are ordered by uid, which users cannot choose. */
function byRoughAge(timeOf: (pod: Pod) => number | undefined, now: number): DeletionRule {
  const exactly = byAge(timeOf)
  return (a, b) => {
    const [first, second] = [timeOf(a) ?? 0, timeOf(b) ?? 0]
    if (first === second || first === 0 || second === 0) return exactly(a, b)
    return magnitude(now - first) - magnitude(now - second) || byUid(a, b)
  }
}

/** In nanoseconds, as upstream counts. */
function magnitude(ageMs: number): number {
  return ageMs > 0 ? Math.floor(Math.log2(ageMs * 1e6)) : -1
}

function cost({ metadata }: Pod): number {
  const text = metadata.annotations?.[deletionCost] ?? '0'
  const value = /^(?:0|-\d+|[1-9]\d*)$/.test(text) ? Number(text) : 0
  return Math.abs(value) < 2 ** 31 ? value : 0
}

const createdAt = ({ metadata }: Pod): number => Date.parse(metadata.creationTimestamp ?? '') || 0

export interface ReplicaCounts {
  readonly replicas: number
  readonly fullyLabeledReplicas: number
  readonly readyReplicas: number
  readonly availableReplicas: number
}

export function countReplicas(
  active: readonly Pod[],
  templateLabels: Readonly<Record<string, string>>,
  minReadySeconds: number,
  now: number,
): ReplicaCounts {
  const labels = Object.entries(templateLabels)
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter(({ metadata }) => labels.every(([key, value]) => metadata.labels?.[key] === value)).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: active.filter(pod => isAvailable(pod, minReadySeconds, now)).length,
  }
}

/** Milliseconds until the next ready pod becomes available by minReadySeconds; undefined if none is pending. */
export function nextAvailable(active: readonly Pod[], minReadySeconds: number, now: number): number | undefined {
  const waits = active
    .map(pod => readySince(pod) ?? 0)
    .filter(since => since > 0)
    .map(since => since + minReadySeconds * 1000 - now)
    .filter(wait => wait > 0)
  return waits.length === 0 ? undefined : Math.min(...waits)
}
