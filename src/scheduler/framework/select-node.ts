// Chooses the node of a pod: filter, score, and a random choice among the best.
import type { Pod } from '../../api/types/core-v1.ts'
import type { Cluster } from './cluster-state.ts'
import type { Rules, SchedulerPlugin } from './framework.ts'
import { idOf, type NodeInfo, priorityOf } from './node-info.ts'
import { type Refusal, refusedEverywhere, unschedulableMessage } from './unschedulable-message.ts'
import { withNode } from './what-if.ts'

export type Placement = {
  /** How many nodes were examined until enough were feasible: the next search begins after them. */
  readonly examined: number
} & (
  | { readonly placed: true; readonly node: string }
  /** `refusals` has each node once; `plugins` are those that refused nodes: an event for one of them makes a retry worthwhile. */
  | { readonly placed: false; readonly message: string; readonly refusals: readonly Refusal[]; readonly plugins: ReadonlySet<string> }
)

/** Feasible nodes that are always compared, if there are as many. */
const fewest = 100

interface Prepared {
  readonly plugin: SchedulerPlugin
  readonly rules: Rules
}

/** `random` in [0, 1) breaks ties; `startAt` is where the search for feasible nodes begins in a large cluster. */
export function selectNode(pod: Pod, cluster: Cluster, plugins: readonly SchedulerPlugin[], random: () => number, startAt = 0): Placement {
  const { nodes } = cluster
  if (nodes.length === 0) {
    const names = new Set(plugins.map(({ name }) => name))
    return { placed: false, message: 'no nodes available to schedule pods', refusals: [], plugins: names, examined: 0 }
  }
  const filter = new NodeFilter(pod, cluster, plugins)
  for (const { plugin, rules } of filter.prepared) {
    if (rules.refusal === undefined) continue
    const message = refusedEverywhere(nodes.length, rules.refusal)
    return { placed: false, message, refusals: [], plugins: new Set([plugin.name]), examined: 0 }
  }
  // The node that was freed for this pod comes first.
  const promised = cluster.nominationOf(pod)
  const waitedFor = promised === undefined ? undefined : nodes.find(({ name }) => name === promised)
  if (waitedFor !== undefined && filter.refusal(waitedFor) === undefined) return { placed: true, node: waitedFor.name, examined: 0 }
  const { feasible, refusals } = search(filter, pod, nodes, startAt)
  const examined = feasible.length + refusals.length
  const [first] = feasible
  if (first === undefined) {
    const all = [...refusals, ...filter.unnamed(nodes)]
    const message = unschedulableMessage(pod, nodes.length, all)
    return { placed: false, message, refusals: all, plugins: new Set(all.map(({ plugin }) => plugin)), examined }
  }
  return { placed: true, node: feasible.length === 1 ? first.name : best(filter.prepared, feasible, random).name, examined }
}

function search(filter: NodeFilter, pod: Pod, all: readonly NodeInfo[], startAt: number): { feasible: NodeInfo[]; refusals: Refusal[] } {
  const nodes = filter.named(all)
  const feasible: NodeInfo[] = []
  const refusals: Refusal[] = []
  const enough = nodesToFind(nodes.length, pod)
  for (let i = 0; i < nodes.length && feasible.length < enough; i++) {
    const node = nodes[(startAt + i) % nodes.length]
    if (node === undefined) continue
    const refusal = filter.refusal(node)
    if (refusal === undefined) feasible.push(node)
    else refusals.push(refusal)
  }
  return { feasible, refusals }
}

/** The filters of all plugins, prepared for one pod. */
export class NodeFilter {
  readonly prepared: readonly Prepared[]
  readonly #pod: Pod
  readonly #cluster: Cluster
  readonly #plugins: readonly SchedulerPlugin[]

  constructor(pod: Pod, cluster: Cluster, plugins: readonly SchedulerPlugin[]) {
    this.#pod = pod
    this.#cluster = cluster
    this.#plugins = plugins
    this.prepared = prepare(pod, cluster, plugins)
  }

  /** The nodes to consider, if a plugin knows their names. */
  named(nodes: readonly NodeInfo[]): readonly NodeInfo[] {
    const { onlyNodes } = this.#naming?.rules ?? {}
    return onlyNodes === undefined ? nodes : nodes.filter(({ name }) => onlyNodes.has(name))
  }

  /** All other nodes, as refused. */
  unnamed(nodes: readonly NodeInfo[]): readonly Refusal[] {
    const { plugin, rules } = this.#naming ?? {}
    if (plugin === undefined) return []
    const reasons = [`node(s) didn't satisfy plugin(s) [${plugin.name}]`]
    const others = nodes.filter(({ name }) => rules?.onlyNodes?.has(name) === false)
    return others.map(node => ({ plugin: plugin.name, node, reasons, unresolvable: true }))
  }

  get #naming(): Prepared | undefined {
    return this.prepared.find(({ rules }) => rules.onlyNodes !== undefined)
  }

  /**
   * Why the pod does not fit on the node. Checked with the nominated pods of the same or higher priority and without them, because they may
   * never come and the pod must not depend on them.
   */
  refusal(node: NodeInfo): Refusal | undefined {
    return this.#withNominated(node) ?? refusalOf(this.prepared, node)
  }

  /** The same for a copy of a node with other pods. */
  refusalOfChanged(changed: NodeInfo): Refusal | undefined {
    return this.#withNominated(changed) ?? refusalOf(this.#preparedWith(changed), changed)
  }

  #withNominated(node: NodeInfo): Refusal | undefined {
    const nominated = this.#cluster.nominatedTo(node.name)
    if (nominated.length === 0) return undefined
    const priority = priorityOf(this.#pod)
    const waiting = nominated.filter(other => priorityOf(other) >= priority && idOf(other) !== idOf(this.#pod))
    if (waiting.length === 0) return undefined
    const crowded = node.copy()
    for (const other of waiting) crowded.addPod(other)
    const refusal = refusalOf(this.#preparedWith(crowded), crowded)
    return refusal && { ...refusal, node }
  }

  #preparedWith(changed: NodeInfo): readonly Prepared[] {
    const changing = this.#plugins.filter(({ readsPods }) => readsPods === true)
    return [
      ...this.prepared.filter(({ plugin }) => plugin.readsPods !== true),
      ...prepare(this.#pod, withNode(this.#cluster, changed), changing),
    ]
  }
}

function prepare(pod: Pod, cluster: Cluster, plugins: readonly SchedulerPlugin[]): Prepared[] {
  return plugins.flatMap(plugin => {
    const rules = plugin.prepare(pod, cluster)
    return rules === undefined ? [] : [{ plugin, rules }]
  })
}

function refusalOf(prepared: readonly Prepared[], node: NodeInfo): Refusal | undefined {
  for (const { plugin, rules } of prepared) {
    const fit = rules.filter?.(node)
    if (fit !== undefined && !fit.fits) return { plugin: plugin.name, node, reasons: fit.reasons, unresolvable: fit.unresolvable }
  }
  return undefined
}

function best(prepared: readonly Prepared[], feasible: readonly NodeInfo[], random: () => number): NodeInfo {
  const totals = Array.from(feasible, () => 0)
  for (const { plugin, rules } of prepared) {
    for (const [index, score] of (rules.scores?.(feasible) ?? []).entries()) totals[index] = (totals[index] ?? 0) + score * plugin.weight
  }
  const highest = Math.max(...totals)
  const tied = feasible.filter((_, index) => totals[index] === highest)
  const chosen = tied[Math.floor(random() * tied.length)] ?? feasible[0]
  if (chosen === undefined) throw new Error('Cannot choose a node: none is feasible')
  return chosen
}

/**
 * In large clusters, a part of the feasible nodes is enough: upstream's numFeasibleNodesToFind for a pod that prefers some nodes to others. For
 * any other pod it is upstream's smallest number, so that the work for a pod does not grow with the cluster.
 */
function nodesToFind(nodes: number, { spec }: Pod): number {
  if (nodes <= fewest) return nodes
  if (spec.affinity === undefined && spec.topologySpreadConstraints === undefined) return fewest
  const percent = Math.max(5, 50 - Math.floor(nodes / 125))
  return Math.max(fewest, Math.floor((nodes * percent) / 100))
}
