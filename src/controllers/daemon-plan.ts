// Which daemon pods to make and delete, node by node, and what the status says. Pure.
import type { DaemonSet, DaemonSetStatus } from '../api/types/apps-v1.ts'
import type { Node, Pod } from '../api/types/core-v1.ts'
import { revisionLabel } from './controller-revision.ts'
import { fitNode, targetNode } from './daemon-node.ts'
import { resolveCount } from './deployment-plan.ts'
import { isAvailable, isFinished, isReady } from './pod-state.ts'

export interface DaemonPlan {
  /** Names of nodes. */
  readonly create: readonly string[]
  readonly remove: readonly Pod[]
  /** Of those removed, the ones that ended by themselves. */
  readonly ended: readonly Pod[]
}

export interface DaemonView {
  readonly set: DaemonSet
  /** Of the current template. */
  readonly hash: string
  readonly nodes: readonly Node[]
  /** The set's own. */
  readonly pods: readonly Pod[]
  readonly now: number
}

export function podsByNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const counted = pods.filter(pod => !(isFinished(pod) && isEnding(pod)))
  const byNode = Map.groupBy(counted, pod => targetNode(pod) ?? '')
  byNode.delete('')
  return byNode
}

const isEnding = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined

/** Oldest first; a pod that is placed counts before one that is not. */
function inAge(pods: readonly Pod[]): Pod[] {
  const placed = ({ spec }: Pod) => (spec.nodeName === undefined || spec.nodeName === '' ? 1 : 0)
  const createdAt = ({ metadata }: Pod) => metadata.creationTimestamp ?? ''
  return [...pods].sort((a, b) => {
    if (placed(a) !== placed(b)) return placed(a) - placed(b)
    if (createdAt(a) !== createdAt(b)) return createdAt(a) < createdAt(b) ? -1 : 1
    return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1
  })
}

/** One pod on each node that it fits, whatever its revision. */
export function planNodes({ set, hash, nodes, pods, now }: DaemonView): DaemonPlan {
  const plan = { create: [] as string[], remove: [] as Pod[], ended: [] as Pod[] }
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
      const ended = live.filter(isFinished)
      plan.ended.push(...ended)
      plan.remove.push(...ended, ...surplus(set, hash, inAge(live.filter(pod => !isFinished(pod))), surges, now))
    }
  }
  const known = new Set(nodes.map(({ metadata }) => metadata.name))
  // Never placed, and its node is gone: nobody else will delete it.
  plan.remove.push(...pods.filter(pod => (pod.spec.nodeName ?? '') === '' && !isEnding(pod) && !known.has(targetNode(pod))))
  return plan
}

/** With surging, an old pod that is ready stays beside a new one until that is available; otherwise the oldest stays alone. */
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

/** At least one of the two is above zero, so that a rollout can go on. */
export function limitsOf({ spec }: DaemonSet, desired: number): { maxSurge: number; maxUnavailable: number } {
  const { rollingUpdate } = spec.updateStrategy ?? {}
  const maxSurge = resolveCount(rollingUpdate?.maxSurge, desired, 'up', 0)
  const maxUnavailable = resolveCount(rollingUpdate?.maxUnavailable, desired, 'up', 1)
  return { maxSurge, maxUnavailable: maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable }
}

/** Replaces pods of older revisions within the limits. Runs when `planNodes` has nothing left to do for a node. */
export function planUpdate(view: DaemonView): DaemonPlan {
  const { set, hash, nodes, now } = view
  const byNode = podsByNode(view.pods)
  const fitting = nodes.filter(node => fitNode(set, node).shouldRun)
  const { maxSurge, maxUnavailable } = limitsOf(set, fitting.length)
  const available = (pod: Pod) => isAvailable(pod, set.spec.minReadySeconds ?? 0, now) && !isEnding(pod)
  const urgent: string[] = []
  const candidates: string[] = []
  const outdated = new Map<string, Pod>()
  const remove: Pod[] = []
  let busy = 0
  for (const { metadata } of fitting) {
    const name = metadata.name ?? ''
    const live = inAge((byNode.get(name) ?? []).filter(pod => !isEnding(pod)))
    const fresh = live.filter(pod => revisionOf(pod) === hash)
    const old = live.filter(pod => revisionOf(pod) !== hash)
    const [oldPod] = old
    const [newPod] = fresh
    if (fresh.length > 1 || old.length > 1) busy++
    else if (maxSurge > 0) {
      if (oldPod === undefined) continue
      if (newPod === undefined) (available(oldPod) ? candidates : urgent).push(name)
      else if (available(newPod)) remove.push(oldPod)
      else busy++
    } else if (oldPod !== undefined && newPod === undefined) {
      outdated.set(name, oldPod)
      if (available(oldPod)) candidates.push(name)
      else {
        urgent.push(name)
        busy++
      }
    } else if (newPod === undefined || oldPod !== undefined || !available(newPod)) busy++
  }
  const room = Math.max(0, (maxSurge > 0 ? maxSurge : maxUnavailable) - busy)
  const chosen = [...urgent, ...candidates.slice(0, room)]
  if (maxSurge > 0) return { create: chosen, remove, ended: [] }
  return { create: [], remove: chosen.map(name => outdated.get(name)).filter(pod => pod !== undefined), ended: [] }
}

export function planStatus({ set, hash, nodes, pods, now }: DaemonView, collisionCount: number | undefined): DaemonSetStatus {
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
    const pod = found.find(isReady) ?? found[0]
    if (pod === undefined) continue
    if (isReady(pod)) status.numberReady++
    if (isAvailable(pod, set.spec.minReadySeconds ?? 0, now)) status.numberAvailable++
    if (revisionOf(pod) === hash) status.updatedNumberScheduled++
  }
  return {
    ...status,
    numberUnavailable: status.desiredNumberScheduled - status.numberAvailable,
    observedGeneration: set.metadata.generation ?? 0,
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(set.status?.conditions === undefined ? {} : { conditions: set.status.conditions }),
  }
}
