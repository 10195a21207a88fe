// The next steps of a StatefulSet, in order, and its status. Pure.
import type { StatefulSet, StatefulSetStatus } from '../../api/types/apps-v1.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { revisionLabel } from '../controller-revision.ts'
import { isAvailable, isFinished, isReady } from '../pod-state.ts'
import { isInRange, ordinalOf, startOrdinal, withIdentity } from './stateful-pod.ts'

export type StatefulStep =
  | { readonly step: 'create'; readonly ordinal: number; readonly revision: 'current' | 'update' }
  | { readonly step: 'delete'; readonly pod: Pod; readonly ordinal: number }
  /** Labels or volumes of its ordinal are missing, or claims, or the owners of its claims need an update. */
  | { readonly step: 'keep'; readonly pod: Pod; readonly ordinal: number }
  /** It is pending, perhaps because of a deleted claim. */
  | { readonly step: 'claims'; readonly pod: Pod; readonly ordinal: number }
  /** Its claims may have to be deleted with it. */
  | { readonly step: 'owners'; readonly pod: Pod; readonly ordinal: number }

/** Each phase starts when the one before is done, without a failure. */
export interface StatefulPlan {
  readonly replicas: readonly StatefulStep[]
  readonly owners: readonly StatefulStep[]
  readonly condemned: readonly StatefulStep[]
  readonly update: readonly StatefulStep[]
}

export interface StatefulView {
  readonly set: StatefulSet
  /** The pods of the set. */
  readonly pods: readonly Pod[]
  /** Names of revisions. */
  readonly currentRevision: string
  readonly updateRevision: string
  readonly now: number
}

const isEnding = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined
const isRunningReady = (pod: Pod): boolean => pod.status?.phase === 'Running' && isReady(pod)
export const revisionOf = ({ metadata }: Pod): string => metadata.labels?.[revisionLabel] ?? ''

export function planStatefulSet(view: StatefulView): StatefulPlan {
  const { set, now } = view
  const plan = {
    replicas: [] as StatefulStep[],
    owners: [] as StatefulStep[],
    condemned: [] as StatefulStep[],
    update: [] as StatefulStep[],
  }
  if (set.metadata.deletionTimestamp !== undefined) return plan
  const ordered = isOrdered(set)
  const serves = (pod: Pod) => isRunningReady(pod) && isAvailable(pod, set.spec.minReadySeconds ?? 0, now)
  const { replicas, condemned } = sortPods(set, view.pods)
  for (const [index, pod] of replicas.entries()) {
    const ordinal = startOrdinal(set) + index
    const isWaiting = pod === undefined || isFinished(pod) || isEnding(pod) || !serves(pod)
    if (pod === undefined) plan.replicas.push({ step: 'create', ordinal, revision: revisionFor(set, ordinal) })
    else if (isFinished(pod)) {
      if (!isEnding(pod)) plan.replicas.push({ step: 'delete', pod, ordinal })
    } else if (!ordered || !isWaiting) plan.replicas.push({ step: 'keep', pod, ordinal })
    else if (pod.status?.phase === 'Pending') plan.replicas.push({ step: 'claims', pod, ordinal })
    if (ordered && isWaiting) return plan
  }
  plan.owners.push(...condemned.map(({ pod, ordinal }) => ({ step: 'owners' as const, pod, ordinal })))
  const broken = firstBroken(replicas, condemned)
  for (const { pod, ordinal } of condemned) {
    if (isEnding(pod)) {
      if (ordered) return plan
      continue
    }
    // An unavailable pod may be deleted, but only if it is the first broken one.
    if (ordered && !serves(pod) && pod !== broken) return plan
    plan.condemned.push({ step: 'delete', pod, ordinal })
    if (ordered) return plan
  }
  if ((set.spec.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate') plan.update.push(...planUpdate(view, replicas, serves))
  return plan
}

/** Whether its pods are created and deleted one after the other. */
export const isOrdered = ({ spec }: StatefulSet): boolean => spec.podManagementPolicy !== 'Parallel'

/** From the highest ordinal down, one at a time. */
function planUpdate(
  { set, updateRevision }: StatefulView,
  replicas: readonly (Pod | undefined)[],
  serves: (pod: Pod) => boolean,
): StatefulStep[] {
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0
  for (let index = replicas.length - 1; index >= partition; index--) {
    const pod = replicas[index]
    if (pod === undefined) return []
    if (revisionOf(pod) !== updateRevision && !isEnding(pod)) return [{ step: 'delete', pod, ordinal: startOrdinal(set) + index }]
    if (isEnding(pod) || !serves(pod)) return []
  }
  return []
}

/** Below the partition of a rolling update, a new pod uses the old revision. */
function revisionFor(set: StatefulSet, ordinal: number): 'current' | 'update' {
  if ((set.spec.updateStrategy?.type ?? 'RollingUpdate') !== 'RollingUpdate') return 'update'
  const kept = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0
  return ordinal < startOrdinal(set) + kept ? 'current' : 'update'
}

interface Condemned {
  readonly pod: Pod
  readonly ordinal: number
}

/** Pods within the range by ordinal, with gaps; pods beyond it from the highest ordinal down. */
function sortPods(set: StatefulSet, pods: readonly Pod[]): { replicas: (Pod | undefined)[]; condemned: Condemned[] } {
  const replicas: (Pod | undefined)[] = Array.from({ length: set.spec.replicas ?? 1 }, () => undefined)
  const condemned: Condemned[] = []
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod)
    if (ordinal === undefined) continue
    if (isInRange(set, ordinal)) replicas[ordinal - startOrdinal(set)] = pod
    else condemned.push({ pod, ordinal })
  }
  condemned.sort((a, b) => b.ordinal - a.ordinal)
  return { replicas, condemned }
}

/** The lowest ordinal of all: replicas come before condemned pods, which are sorted from the highest down. */
function firstBroken(replicas: readonly (Pod | undefined)[], condemned: readonly Condemned[]): Pod | undefined {
  const all = [...replicas.filter(pod => pod !== undefined), ...condemned.map(({ pod }) => pod).reverse()]
  return all.find(pod => isEnding(pod) || !isRunningReady(pod))
}

/** Whether `keep` has anything to write to the pod. */
export function repaired(set: StatefulSet, pod: Pod, ordinal: number): Pod | undefined {
  const wanted = withIdentity(set, pod, ordinal)
  return wanted === pod ? undefined : wanted
}

/** `replaced` are the pods that the rolling update has just ended: they no longer count as current, though the view does not show it yet. */
export function planStatus(view: StatefulView, collisionCount: number | undefined, replaced: readonly Pod[]): StatefulSetStatus {
  const { set, pods, currentRevision, updateRevision, now } = view
  const named = pods.filter(pod => ordinalOf(set, pod) !== undefined)
  const running = named.filter(isRunningReady)
  const lasting = named.filter(pod => !isEnding(pod))
  const wanted = set.spec.replicas ?? 1
  const status: StatefulSetStatus = {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: named.length,
    readyReplicas: running.length,
    availableReplicas: running.filter(pod => isAvailable(pod, set.spec.minReadySeconds ?? 0, now)).length,
    currentReplicas: lasting.filter(pod => revisionOf(pod) === currentRevision && !replaced.includes(pod)).length,
    updatedReplicas: lasting.filter(pod => revisionOf(pod) === updateRevision).length,
    currentRevision,
    updateRevision,
    collisionCount: collisionCount ?? 0,
    ...(set.status?.conditions === undefined ? {} : { conditions: set.status.conditions }),
  }
  const rolls = (set.spec.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate'
  const isComplete = status.updatedReplicas === wanted && status.readyReplicas === wanted && status.replicas === wanted
  return rolls && isComplete ? { ...status, currentReplicas: wanted, currentRevision: updateRevision } : status
}
