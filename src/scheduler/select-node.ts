// Chooses the node of a pod: filter, score, and a fair draw among the best.
import type { Pod } from '../api/types/core-v1.ts'
import type { Cluster } from './cluster-state.ts'
import type { Rules, SchedulerPlugin } from './framework.ts'
import type { NodeInfo } from './node-info.ts'
import { type Refusal, unschedulableMessage } from './unschedulable-message.ts'

export type Placement =
  | { readonly placed: true; readonly node: string }
  /** `plugins` are those that refused some node; a change that concerns one of them makes another try worthwhile. */
  | { readonly placed: false; readonly message: string; readonly plugins: ReadonlySet<string> }

interface Prepared {
  readonly plugin: SchedulerPlugin
  readonly rules: Rules
}

/** `random` in [0, 1) breaks ties; `startAt` is where the search for feasible nodes begins in a large cluster. */
export function selectNode(pod: Pod, cluster: Cluster, plugins: readonly SchedulerPlugin[], random: () => number, startAt = 0): Placement {
  const { nodes } = cluster
  if (nodes.length === 0)
    return { placed: false, message: 'no nodes available to schedule pods', plugins: new Set(plugins.map(({ name }) => name)) }
  const prepared: Prepared[] = []
  for (const plugin of plugins) {
    const rules = plugin.prepare(pod, cluster)
    if (rules !== undefined) prepared.push({ plugin, rules })
  }
  const refusals: Refusal[] = []
  const feasible: NodeInfo[] = []
  const enough = nodesToFind(nodes.length)
  for (let i = 0; i < nodes.length && feasible.length < enough; i++) {
    const node = nodes[(startAt + i) % nodes.length]
    if (node === undefined) continue
    const refusal = refusalOf(prepared, node)
    if (refusal === undefined) feasible.push(node)
    else refusals.push(refusal)
  }
  const [first] = feasible
  if (first === undefined) {
    return {
      placed: false,
      message: unschedulableMessage(pod, nodes.length, refusals),
      plugins: new Set(refusals.map(({ plugin }) => plugin)),
    }
  }
  return { placed: true, node: feasible.length === 1 ? first.name : best(prepared, feasible, random).name }
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
    if (plugin.weight === 0 || rules.score === undefined) continue
    const scores = feasible.map(node => rules.score?.(node) ?? 0)
    rules.normalize?.(scores)
    for (const [index, score] of scores.entries()) totals[index] = (totals[index] ?? 0) + score * plugin.weight
  }
  const highest = Math.max(...totals)
  const tied = feasible.filter((_, index) => totals[index] === highest)
  const chosen = tied[Math.floor(random() * tied.length)] ?? feasible[0]
  if (chosen === undefined) throw new Error('Cannot choose a node: none is feasible')
  return chosen
}

/** In large clusters a part of the feasible nodes is enough (upstream's numFeasibleNodesToFind). */
export function nodesToFind(nodes: number): number {
  if (nodes <= 100) return nodes
  const percent = Math.max(5, 50 - Math.floor(nodes / 125))
  return Math.max(100, Math.floor((nodes * percent) / 100))
}
