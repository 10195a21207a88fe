// Which daemon pods to create and delete, node by node, and the status. Pure.
import type { DaemonSet, DaemonSetStatus } from '../../api/types/apps-v1.ts'
import type { Node, Pod } from '../../api/types/core-v1.ts'
import { revisionLabel } from '../controller-revision.ts'
import { isAvailable, isFinished, isReady } from '../pod-state.ts'
import { resolveCount } from '../replicas/deployment-plan.ts'
import { fitNode, targetNode } from './daemon-node.ts'

export interface DaemonPlan {
  /** Names of nodes. */
  readonly create: readonly string[]
  readonly remove: readonly Pod[]
}

export interface DaemonView {
  readonly set: DaemonSet
  /** The hash of the current template. */
  readonly hash: string
  readonly nodes: readonly Node[]
  /** The pods of the set. */
  readonly pods: readonly Pod[]
  readonly now: number
}

function podsByNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const counted = pods.filter(pod => !(isFinished(pod) && isEnding(pod)))
  const byNode = Map.groupBy(counted, pod => targetNode(pod) ?? '')
  byNode.delete('')
  return byNode
}

const isEnding = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined

/** Oldest first; a placed pod comes before an unplaced one. */
function inAge(pods: readonly Pod[]): Pod[] {
  const placed = ({ spec }: Pod) => (spec.nodeName === undefined || spec.nodeName === '' ? 1 : 0)
  const createdAt = ({ metadata }: Pod) => metadata.creationTimestamp ?? ''
  return [...pods].sort((a, b) => {
    if (placed(a) !== placed(b)) return placed(a) - placed(b)
    if (createdAt(a) !== createdAt(b)) return createdAt(a) < createdAt(b) ? -1 : 1
    return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1
  })
}

/** One pod on each matching node, whatever its revision. */
export function planNodes({ set, hash, nodes, pods, now }: DaemonView): DaemonPlan {
  const plan = { create: [] as string[], remove: [] as Pod[] }
  const byNode = podsByNode(pods)
  const surges = limitsOf(set, nodes.length).maxSurge > 0
  for (const node of nodes) {
    const name = node.metadata.name ?? ''
    const found = byNode.get(name) ?? []
    const { shouldRun, shouldStay } = fitNode(set, node)
    const live = found.filter(pod => !isEnding(pod))
    if (!shouldStay) plan.remove.push(...live)
    else if (found.length === 0) {
      if (shouldRun) plan.create.push(name)
    } else {
      const running = live.filter(pod => !isFinished(pod))
      plan.remove.push(...live.filter(isFinished), ...surplus(set, hash, inAge(running), surges, now))
      // With surging, a node must have a daemon while its last one ends.
      if (surges && shouldRun && running.length === 0) plan.create.push(name)
    }
  }
  const known = new Set(nodes.map(({ metadata }) => metadata.name))
  // Never placed, and its node no longer exists: nothing else will delete it.
  plan.remove.push(...pods.filter(pod => (pod.spec.nodeName ?? '') === '' && !isEnding(pod) && !known.has(targetNode(pod))))
  return plan
}

/** With surging, an old ready pod stays next to a new one until that is available; otherwise only the oldest stays. */
function surplus(set: DaemonSet, hash: string, running: readonly Pod[], surges: boolean, now: number): Pod[] {
  if (running.length <= 1) return []
  if (!surges) return running.slice(1)
  const oldestNew = running.find(pod => revisionOf(pod) === hash)
  const oldestOld = running.find(pod => revisionOf(pod) !== hash)
  if (oldestNew === undefined || oldestOld === undefined) return running.slice(1)
  const bothStay = !isAvailable(oldestNew, set.spec.minReadySeconds ?? 0, now) && isReady(oldestOld)
  return running.filter(pod => pod !== oldestNew && !(bothStay && pod === oldestOld))
}

const revisionOf = ({ metadata }: Pod): string => metadata.labels?.[revisionLabel] ?? ''

/** At least one of the two is above zero, so that a rollout can continue. */
function limitsOf({ spec }: DaemonSet, desired: number): { maxSurge: number; maxUnavailable: number } {
  const { rollingUpdate } = spec.updateStrategy ?? {}
  const maxSurge = resolveCount(rollingUpdate?.maxSurge, desired, 'up', 0)
  const maxUnavailable = resolveCount(rollingUpdate?.maxUnavailable, desired, 'up', 1)
  return { maxSurge, maxUnavailable: maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable }
}

/** Replaces pods of older revisions within the limits. Runs when `planNodes` has nothing left to do for a node. */
export function planUpdate(view: DaemonView): DaemonPlan {
  const places = placesOf(view)
  const { maxSurge, maxUnavailable } = limitsOf(view.set, places.filter(({ shouldRun }) => shouldRun).length)
  return maxSurge > 0 ? planSurge(places, maxSurge) : planReplacement(places, maxUnavailable)
}

/** The pods on a node. */
interface Place {
  readonly name: string
  readonly shouldRun: boolean
  readonly old: Pod | undefined
  readonly fresh: Pod | undefined
  /** More than one of a kind: left to `planNodes`. */
  readonly isCrowded: boolean
  readonly oldServes: boolean
  readonly freshServes: boolean
}

/** The nodes that should have a daemon, and those that still have one. */
function placesOf({ set, hash, nodes, pods, now }: DaemonView): Place[] {
  const byNode = podsByNode(pods)
  const serves = (pod: Pod | undefined) => pod !== undefined && isAvailable(pod, set.spec.minReadySeconds ?? 0, now)
  return nodes.flatMap(node => {
    const name = node.metadata.name ?? ''
    const found = byNode.get(name) ?? []
    const { shouldRun } = fitNode(set, node)
    if (!shouldRun && found.length === 0) return []
    const live = found.filter(pod => !isEnding(pod))
    const [old, ...oldSurplus] = live.filter(pod => revisionOf(pod) !== hash)
    const [fresh, ...freshSurplus] = live.filter(pod => revisionOf(pod) === hash)
    const isCrowded = oldSurplus.length + freshSurplus.length > 0
    return [{ name, shouldRun, old, fresh, isCrowded, oldServes: serves(old), freshServes: serves(fresh) }]
  })
}

/** Removes old pods: unavailable ones at once, the others while enough remain. */
function planReplacement(places: readonly Place[], maxUnavailable: number): DaemonPlan {
  const urgent: Pod[] = []
  const candidates: Pod[] = []
  let busy = 0
  for (const { old, fresh, isCrowded, oldServes, freshServes } of places) {
    if (isCrowded || old === undefined || fresh !== undefined) {
      if (isCrowded || old !== undefined || !freshServes) busy++
    } else if (oldServes) candidates.push(old)
    else {
      urgent.push(old)
      busy++
    }
  }
  return { create: [], remove: [...urgent, ...candidates.slice(0, Math.max(0, maxUnavailable - busy))] }
}

/** Creates new pods next to the old ones, which are removed once the new ones are available. */
function planSurge(places: readonly Place[], maxSurge: number): DaemonPlan {
  const urgent: string[] = []
  const candidates: string[] = []
  const remove: Pod[] = []
  const leaving: Pod[] = []
  let busy = 0
  for (const { name, shouldRun, old, fresh, isCrowded, oldServes, freshServes } of places) {
    if (isCrowded) busy++
    else if (old === undefined) continue
    else if (fresh !== undefined) {
      if (freshServes) remove.push(old)
      else busy++
    } else if (shouldRun) (oldServes ? candidates : urgent).push(name)
    else (oldServes ? leaving : remove).push(old)
  }
  // An available pod on a node that takes no new one is removed only when others are available instead.
  const serving = places.filter(({ isCrowded, old, oldServes, freshServes }) => !isCrowded && (old === undefined ? freshServes : oldServes))
  const spare = serving.length - places.filter(({ shouldRun }) => shouldRun).length
  remove.push(...leaving.slice(0, Math.max(0, spare)))
  return { create: [...urgent, ...candidates.slice(0, Math.max(0, maxSurge - busy))], remove }
}

/** `observedGeneration` is the generation for which pods were last created and deleted. */
export function planStatus(
  { set, hash, nodes, pods, now }: DaemonView,
  collisionCount: number | undefined,
  observedGeneration: number,
): DaemonSetStatus {
  const byNode = podsByNode(pods)
  const status = {
    currentNumberScheduled: 0,
    numberMisscheduled: 0,
    desiredNumberScheduled: 0,
    numberReady: 0,
    updatedNumberScheduled: 0,
    numberAvailable: 0,
  }
  for (const node of nodes) {
    const found = inAge(byNode.get(node.metadata.name ?? '') ?? [])
    const { shouldRun } = fitNode(set, node)
    if (!shouldRun) {
      if (found.length > 0) status.numberMisscheduled++
      continue
    }
    status.desiredNumberScheduled++
    if (found.length === 0) continue
    status.currentNumberScheduled++
    const [pod] = found
    if (pod === undefined) continue
    if (isReady(pod)) status.numberReady++
    if (isAvailable(pod, set.spec.minReadySeconds ?? 0, now)) status.numberAvailable++
    if (revisionOf(pod) === hash) status.updatedNumberScheduled++
  }
  return {
    ...status,
    numberUnavailable: status.desiredNumberScheduled - status.numberAvailable,
    observedGeneration,
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(set.status?.conditions === undefined ? {} : { conditions: set.status.conditions }),
  }
}
