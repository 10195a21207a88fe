import { isTolerated } from '../../api/pods/tolerations.ts'
import type { Pod, TopologySpreadConstraint } from '../../api/types/core-v1.ts'
import type { LabelSelector } from '../../api/types/meta-v1.ts'
import { selects } from '../../client/cache/label-selector.ts'
import { selectsNode } from '../../client/cache/node-selection.ts'
import type { Cluster } from '../framework/cluster-state.ts'
import { type Fit, fits, misfit, neverFits, type Rules, type SchedulerPlugin } from '../framework/framework.ts'
import type { NodeInfo } from '../framework/node-info.ts'
import { type PodKind, remembered } from '../framework/pod-kind.ts'

const hostname = 'kubernetes.io/hostname'
/** Upstream's defaults for pods of a workload without constraints: preferences that refuse no node. */
const defaults = [
  { topologyKey: hostname, maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 5 },
]

/** Spreads pods over zones, nodes or other topologies by their constraints; pods of one workload or service also without constraints. */
export const podTopologySpread: SchedulerPlugin = {
  name: 'PodTopologySpread',
  weight: 2,
  readsPods: true,
  wakesOn: ['node-changed', 'node-removed', 'pod-placed', 'pod-removed'],
  prepare(pod, cluster) {
    const own = pod.spec.topologySpreadConstraints ?? []
    const rules: Rules = {}
    const hard = own.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule').map(constraint => ownSpread(constraint, pod))
    if (hard.length > 0) rules.filter = filterOf(hard, cluster)
    const soft =
      own.length === 0
        ? defaultSpreads(pod, cluster)
        : own.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway').map(constraint => ownSpread(constraint, pod))
    // Nodes without the label are excluded by a pod's own constraints, but not by the defaults.
    if (soft.length > 0) rules.scores = nodes => scoresOf(soft, nodes, cluster, own.length > 0)
    return rules.filter === undefined && rules.scores === undefined ? undefined : rules
  },
}

interface Spread {
  readonly topologyKey: string
  readonly maxSkew: number
  readonly minDomains: number
  /** Whether the constraint's selector matches the pod itself. */
  readonly self: boolean
  readonly counts: (kind: PodKind) => boolean
  /** Whether pods on this node are counted. */
  readonly includes: (node: NodeInfo) => boolean
}

function ownSpread(constraint: TopologySpreadConstraint, pod: Pod): Spread {
  const { topologyKey, maxSkew, minDomains = 1, labelSelector, matchLabelKeys = [] } = constraint
  // Values of the incoming pod.
  const same = matchLabelKeys.flatMap(key => {
    const value = pod.metadata.labels?.[key]
    return value === undefined ? [] : [[key, value] as const]
  })
  const selector: LabelSelector | undefined = labelSelector && {
    ...labelSelector,
    ...(same.length === 0 ? {} : { matchLabels: { ...labelSelector.matchLabels, ...Object.fromEntries(same) } }),
  }
  const requirements = Object.keys(selector?.matchLabels ?? {}).length + (selector?.matchExpressions ?? []).length
  return {
    topologyKey,
    maxSkew,
    minDomains,
    self: selects(selector, pod.metadata.labels),
    // A selector without requirements counts no pod, as upstream.
    counts: requirements === 0 ? () => false : remembered(kind => isPeer(kind, pod) && selects(selector, kind.labels)),
    includes: node => isIncluded(constraint, pod, node),
  }
}

function defaultSpreads(pod: Pod, cluster: Cluster): Spread[] {
  const selectors = cluster.workloads.selectorsOf(pod)
  if (selectors.length === 0) return []
  const counts = remembered(kind => isPeer(kind, pod) && selectors.every(selector => selects(selector, kind.labels)))
  return defaults.map(constraint => ({
    ...constraint,
    ...{ minDomains: 1, self: true, counts, includes: node => selectsNode(pod.spec, node) },
  }))
}

const isPeer = ({ namespace, ending }: PodKind, { metadata }: Pod): boolean => namespace === (metadata.namespace ?? '') && !ending

function isIncluded(
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

const hasAll = (spreads: readonly Spread[], { labels }: NodeInfo): boolean =>
  spreads.every(({ topologyKey }) => labels[topologyKey] !== undefined)

function countOn({ counts }: Spread, node: NodeInfo): number {
  let matching = 0
  for (const [kind, count] of node.kinds()) if (counts(kind)) matching += count
  return matching
}

function filterOf(hard: readonly Spread[], { nodes }: Cluster): (node: NodeInfo) => Fit {
  const complete = nodes.filter(node => hasAll(hard, node))
  const domains = hard.map(spread => {
    const byDomain = new Map<string, number>()
    for (const node of complete) {
      const domain = node.labels[spread.topologyKey]
      if (domain !== undefined && spread.includes(node)) byDomain.set(domain, (byDomain.get(domain) ?? 0) + countOn(spread, node))
    }
    const tooFew = byDomain.size < spread.minDomains
    return { ...spread, byDomain, fewest: tooFew ? 0 : Math.min(...byDomain.values()) }
  })
  return node => {
    for (const { topologyKey, maxSkew, self, byDomain, fewest } of domains) {
      const domain = node.labels[topologyKey]
      if (domain === undefined) return neverFits("node(s) didn't match pod topology spread constraints (missing required label)")
      if ((byDomain.get(domain) ?? 0) + (self ? 1 : 0) - fewest > maxSkew)
        return misfit("node(s) didn't match pod topology spread constraints")
    }
    return fits
  }
}

function scoresOf(soft: readonly Spread[], feasible: readonly NodeInfo[], { nodes }: Cluster, needsAll: boolean): number[] {
  const scored = needsAll ? feasible.filter(node => hasAll(soft, node)) : feasible
  const sums = new Map(scored.map(node => [node, 0]))
  const counted = needsAll ? nodes.filter(node => hasAll(soft, node)) : nodes
  for (const spread of soft) {
    const { topologyKey, maxSkew } = spread
    const ofNode = topologyKey === hostname ? (node: NodeInfo) => countOn(spread, node) : domainCount(spread, scored, counted)
    const size = topologyKey === hostname ? scored.length : new Set(scored.map(({ labels }) => labels[topologyKey])).size
    // With many domains each has few pods: the logarithm keeps the constraint's weight.
    const weight = Math.log(size + 2)
    for (const node of scored) {
      if (node.labels[topologyKey] !== undefined) sums.set(node, (sums.get(node) ?? 0) + ofNode(node) * weight + maxSkew - 1)
    }
  }
  const rounded = [...sums.values()].map(Math.round)
  const highest = Math.max(0, ...rounded)
  const lowest = Math.min(...rounded)
  return feasible.map(node => {
    const sum = sums.get(node)
    if (sum === undefined) return 0
    return highest === 0 ? 100 : Math.floor((100 * (highest + lowest - Math.round(sum))) / highest)
  })
}

/** Number of pods in the domain of a scored node. */
function domainCount(spread: Spread, scored: readonly NodeInfo[], counted: readonly NodeInfo[]): (node: NodeInfo) => number {
  const domainOf = ({ labels }: NodeInfo): string => labels[spread.topologyKey] ?? ''
  const byDomain = new Map(scored.map(node => [domainOf(node), 0]))
  // No score is read for a node without the label.
  byDomain.delete('')
  if (byDomain.size === 0) return () => 0
  for (const node of counted) {
    const before = byDomain.get(domainOf(node))
    if (before !== undefined && spread.includes(node)) byDomain.set(domainOf(node), before + countOn(spread, node))
  }
  return node => byDomain.get(domainOf(node)) ?? 0
}
