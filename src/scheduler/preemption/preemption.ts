// Chooses pods to evict for a more important one: upstream's DefaultPreemption. Pure.
import type { Pod } from '../../api/types/core-v1.ts'
import type { PodDisruptionBudget } from '../../api/types/policy-v1.ts'
import type { Cluster } from '../framework/cluster-state.ts'
import type { SchedulerPlugin } from '../framework/framework.ts'
import { type NodeInfo, priorityOf } from '../framework/node-info.ts'
import { NodeFilter } from '../framework/select-node.ts'
import type { Refusal } from '../framework/unschedulable-message.ts'
import { splitByBudgets } from './preemption-budgets.ts'

/** The reason in the DisruptionTarget condition of a victim. */
export const preemptedReason = 'PreemptionByScheduler'

export type Preemption =
  | { readonly found: true; readonly node: string; readonly victims: readonly Pod[] }
  /** Why not, for each examined node or in general. */
  | { readonly found: false; readonly reasons: readonly string[] }
  | { readonly found: false; readonly ineligible: string }

export interface PreemptionInput {
  readonly pod: Pod
  readonly cluster: Cluster
  readonly plugins: readonly SchedulerPlugin[]
  /** Why the pod fits on no node. */
  readonly refusals: readonly Refusal[]
  readonly budgets: readonly PodDisruptionBudget[]
  /** In [0, 1): where the search begins in a large cluster. */
  readonly random: () => number
}

interface Candidate {
  readonly node: string
  /** The most important first. */
  readonly victims: readonly Pod[]
  readonly violations: number
}

export function planPreemption(input: PreemptionInput): Preemption {
  const { pod, cluster, plugins, refusals, random } = input
  const ineligible = whyNotEligible(input)
  if (ineligible !== undefined) return { found: false, ineligible }
  const nodes = refusals.filter(({ unresolvable }) => !unresolvable).map(({ node }) => node)
  const reasons = refusals.flatMap(({ unresolvable }) => (unresolvable ? ['Preemption is not helpful for scheduling'] : []))
  const filter = new NodeFilter(pod, cluster, plugins)
  const enough = Math.max(100, Math.floor(nodes.length / 10))
  const start = Math.floor(random() * nodes.length)
  const candidates: Candidate[] = []
  for (let i = 0; i < nodes.length && candidates.length < enough; i++) {
    const node = nodes[(start + i) % nodes.length]
    if (node === undefined) continue
    const found = victimsOn(node, filter, input)
    if ('victims' in found) candidates.push(found)
    else reasons.push(...found.reasons)
  }
  const [first, ...others] = candidates
  if (first === undefined) return { found: false, reasons }
  const { node, victims } = others.reduce((best, candidate) => (isBetter(candidate, best) ? candidate : best), first)
  return { found: true, node, victims }
}

/** A pod that has preempted others waits until its victims have ended. */
function whyNotEligible({ pod, cluster, refusals }: PreemptionInput): string | undefined {
  if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.'
  const nominated = cluster.nominationOf(pod)
  const refusal = refusals.find(({ node }) => node.name === nominated)
  if (refusal === undefined || refusal.unresolvable) return undefined
  const ending = [...refusal.node.pods()].some(other => priorityOf(other) < priorityOf(pod) && isPreempted(other))
  return ending ? 'not eligible due to a terminating pod on the nominated node.' : undefined
}

function isPreempted({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp === undefined) return false
  return (
    status?.conditions?.some(
      ({ type, status, reason }) => type === 'DisruptionTarget' && status === 'True' && reason === preemptedReason,
    ) ?? false
  )
}

/** As few as possible: all less important pods are assumed to be gone, and come back one by one, the most important first. */
function victimsOn(
  node: NodeInfo,
  filter: NodeFilter,
  { pod, budgets }: PreemptionInput,
): Candidate | { readonly reasons: readonly string[] } {
  const priority = priorityOf(pod)
  const lower = [...node.pods()].filter(other => priorityOf(other) < priority)
  if (lower.length === 0) return { reasons: ['No preemption victims found for incoming pod'] }
  const copy = node.copy()
  for (const other of lower) copy.removePod(other)
  const refusal = filter.refusalOfChanged(copy)
  if (refusal !== undefined) return { reasons: refusal.reasons }
  lower.sort(byImportance)
  const { violating, others } = splitByBudgets(lower, budgets)
  const victims: Pod[] = []
  const staysOut = (other: Pod): boolean => {
    copy.addPod(other)
    if (filter.refusalOfChanged(copy) === undefined) return false
    copy.removePod(other)
    victims.push(other)
    return true
  }
  const violations = violating.filter(staysOut).length
  for (const other of others) staysOut(other)
  return { node: node.name, victims: victims.sort(byImportance), violations }
}

/** Higher priority first, then the earlier start. */
function byImportance(a: Pod, b: Pod): number {
  return priorityOf(b) - priorityOf(a) || startedAt(a) - startedAt(b)
}

/** A pod that has not started counts as the newest. */
function startedAt({ status }: Pod): number {
  return status?.startTime == null ? Number.MAX_SAFE_INTEGER : Date.parse(status.startTime)
}

/** Upstream's order of preferences: no budget violated, low priorities, few victims, late starts. */
function isBetter(a: Candidate, b: Candidate): boolean {
  const wishes: ((candidate: Candidate) => number)[] = [
    ({ violations }) => violations,
    highestPriority,
    ({ victims }) => victims.reduce((sum, victim) => sum + priorityOf(victim) + 2 ** 31, 0),
    ({ victims }) => victims.length,
    candidate => -earliestStart(candidate),
  ]
  for (const wish of wishes) {
    const difference = wish(a) - wish(b)
    if (difference !== 0) return difference < 0
  }
  return false
}

function highestPriority({ victims: [first] }: Candidate): number {
  return first === undefined ? Number.NEGATIVE_INFINITY : priorityOf(first)
}

/** Among the victims of the highest priority. */
function earliestStart(candidate: Candidate): number {
  const highest = highestPriority(candidate)
  return Math.min(...candidate.victims.filter(victim => priorityOf(victim) === highest).map(startedAt))
}
