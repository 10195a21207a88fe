// The rules of scheduling as plugins: filters remove nodes, scores rank them. Pure: no I/O, no clock.
import type { Pod } from '../../api/types/core-v1.ts'
import type { Cluster } from './cluster-state.ts'
import type { NodeInfo } from './node-info.ts'

export type Fit =
  | { readonly fits: true }
  /** `unresolvable`: evicting other pods from the node would not help. */
  | { readonly fits: false; readonly reasons: readonly string[]; readonly unresolvable: boolean }

export const fits: Fit = { fits: true }
export const misfit = (...reasons: string[]): Fit => ({ fits: false, reasons, unresolvable: false })
export const neverFits = (...reasons: string[]): Fit => ({ fits: false, reasons, unresolvable: true })

/** Changes in the cluster that may make a pod fit. */
export type ClusterEvent = 'node-changed' | 'node-removed' | 'pod-placed' | 'pod-removed' | 'volume-changed'

/** A plugin's rules for one pod. */
export interface Rules {
  /** Why the pod fits on no node at all. */
  readonly refusal?: string
  /** Names of the only nodes to consider; default: all. */
  readonly onlyNodes?: ReadonlySet<string>
  filter?(node: NodeInfo): Fit
  /** One score for each remaining node, 0–100. */
  scores?(nodes: readonly NodeInfo[]): number[]
}

export interface SchedulerPlugin {
  /** The name upstream. */
  readonly name: string
  /** Weight of its score; 0 for a plugin that only filters. */
  readonly weight: number
  /** `prepare` reads the pods of the cluster, so its rules are valid only for their current state. */
  readonly readsPods?: true
  /** Events that may make a pod fit that this plugin refused. */
  readonly wakesOn: readonly ClusterEvent[]
  /** Undefined if the plugin does not concern this pod. */
  prepare(pod: Pod, cluster: Cluster): Rules | undefined
}

/** Upstream's DefaultNormalizeScore: the highest becomes 100; `reverse` turns high into low. */
export function scaledByHighest(scores: readonly number[], reverse: boolean): number[] {
  const highest = Math.max(0, ...scores)
  return scores.map(score => {
    const scaled = highest === 0 ? 0 : Math.floor((score * 100) / highest)
    return reverse ? 100 - scaled : scaled
  })
}
