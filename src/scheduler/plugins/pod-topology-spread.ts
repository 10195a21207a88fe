import { isTolerated } from '../../api/tolerations.ts'
import type { Pod, TopologySpreadConstraint } from '../../api/types/core-v1.ts'
import { selects } from '../../client/label-selector.ts'
import { selectsNode } from '../../client/node-selection.ts'
import type { Cluster } from '../cluster-state.ts'
import { fits, misfit, neverFits, type Rules, type SchedulerPlugin } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'

/** Spreads pods over zones, nodes or other topologies as their constraints say; pods of one owner over nodes in any case. */
export const podTopologySpread: SchedulerPlugin = {
  name: 'PodTopologySpread',
  weight: 2,
  readsPods: true,
  wakesOn: ['node-changed', 'pod-placed', 'pod-removed'],
  prepare(pod, cluster) {
    const constraints = pod.spec.topologySpreadConstraints ?? []
    const hard = constraints
      .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule')
      .map(constraint => count(constraint, pod, cluster))
    const soft = constraints
      .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway')
      .map(constraint => count(constraint, pod, cluster))
    const rules: Rules = {}
    if (hard.length > 0) rules.filter = node => filter(hard, pod, node)
    if (soft.length > 0) rules.score = node => soft.reduce((sum, counts) => sum + scoreOf(counts, node), 0)
    else if (constraints.length === 0) rules.score = siblings(pod)
    if (rules.score !== undefined) rules.normalize = normalize
    return rules.filter === undefined && rules.score === undefined ? undefined : rules
  },
}

interface Counts {
  readonly constraint: TopologySpreadConstraint
  readonly selected: (other: Pod) => boolean
  readonly byDomain: ReadonlyMap<string, number>
  readonly fewest: number
}

function count(constraint: TopologySpreadConstraint, pod: Pod, { nodes }: Cluster): Counts {
  const selected = selectorOf(constraint, pod)
  const byDomain = new Map<string, number>()
  for (const node of nodes) {
    const domain = node.labels[constraint.topologyKey]
    if (domain === undefined || !counts(constraint, pod, node)) continue
    let matching = byDomain.get(domain) ?? 0
    for (const other of node.pods()) if (selected(other)) matching++
    byDomain.set(domain, matching)
  }
  const tooFew = byDomain.size < (constraint.minDomains ?? 1)
  return { constraint, selected, byDomain, fewest: tooFew || byDomain.size === 0 ? 0 : Math.min(...byDomain.values()) }
}

/** `matchLabelKeys` add the incoming pod's own values to the selector. */
function selectorOf({ labelSelector, matchLabelKeys = [] }: TopologySpreadConstraint, pod: Pod): (other: Pod) => boolean {
  const own = matchLabelKeys.flatMap(key => {
    const value = pod.metadata.labels?.[key]
    return value === undefined ? [] : [[key, value] as const]
  })
  return ({ metadata }) =>
    metadata.namespace === pod.metadata.namespace &&
    metadata.deletionTimestamp === undefined &&
    selects(labelSelector, metadata.labels) &&
    own.every(([key, value]) => metadata.labels?.[key] === value)
}

function counts(
  { nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' }: TopologySpreadConstraint,
  pod: Pod,
  node: NodeInfo,
): boolean {
  if (nodeAffinityPolicy === 'Honor' && !selectsNode(pod.spec, node)) return false
  if (nodeTaintsPolicy !== 'Honor') return true
  return (node.node.spec?.taints ?? []).every(
    taint => taint.effect === 'PreferNoSchedule' || isTolerated(taint, pod.spec.tolerations ?? []),
  )
}

function filter(hard: readonly Counts[], pod: Pod, node: NodeInfo) {
  for (const { constraint, selected, byDomain, fewest } of hard) {
    const domain = node.labels[constraint.topologyKey]
    if (domain === undefined) return neverFits("node(s) didn't match pod topology spread constraints (missing required label)")
    const self = selected(pod) ? 1 : 0
    if ((byDomain.get(domain) ?? 0) + self - fewest > constraint.maxSkew)
      return misfit("node(s) didn't match pod topology spread constraints")
  }
  return fits
}

function scoreOf({ constraint, byDomain }: Counts, node: NodeInfo): number {
  const domain = node.labels[constraint.topologyKey]
  // Upstream weighs a constraint by the logarithm of its number of domains.
  return domain === undefined
    ? Number.POSITIVE_INFINITY
    : (byDomain.get(domain) ?? 0) * Math.log(byDomain.size + 2) + constraint.maxSkew - 1
}

/** Upstream's default constraints spread the pods of a service or workload; here those with the same controller. */
function siblings(pod: Pod): ((node: NodeInfo) => number) | undefined {
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true)
  if (owner === undefined) return undefined
  return node => {
    let found = 0
    for (const { metadata } of node.pods()) if (metadata.ownerReferences?.some(({ uid }) => uid === owner.uid)) found++
    return found
  }
}

/** Few pods in the domain is good; a node without the label is worst. */
function normalize(scores: number[]): void {
  const finite = scores.filter(Number.isFinite)
  const highest = Math.max(0, ...finite)
  const lowest = Math.min(highest, ...finite)
  for (const [index, score] of scores.entries()) {
    if (!Number.isFinite(score)) scores[index] = 0
    else scores[index] = highest === 0 ? 100 : Math.floor((100 * (highest + lowest - score)) / highest)
  }
}
