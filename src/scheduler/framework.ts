// The rules of scheduling as plugins: filters remove nodes, scores rank them. Pure: no I/O, no clock.
import type { Pod } from '../api/types/core-v1.ts'
import type { Cluster } from './cluster-state.ts'
import type { NodeInfo } from './node-info.ts'

export type Fit =
  | { readonly fits: true }
  /** `unresolvable`: removing other pods from the node would not help. */
  | { readonly fits: false; readonly reasons: readonly string[]; readonly unresolvable: boolean }

export const fits: Fit = { fits: true }
export const misfit = (...reasons: string[]): Fit => ({ fits: false, reasons, unresolvable: false })
export const neverFits = (...reasons: string[]): Fit => ({ fits: false, reasons, unresolvable: true })

/** Changes in the cluster that may let a pod fit. */
export type ClusterEvent = 'node-changed' | 'node-removed' | 'pod-placed' | 'pod-removed' | 'volume-changed'

/** A plugin's rules for one pod. */
export interface Rules {
  /** Why the pod fits nowhere, whatever the node. */
  readonly refusal?: string
  /** The names of the only nodes that are looked at; default: all are. */
  readonly onlyNodes?: ReadonlySet<string>
  filter?(node: NodeInfo): Fit
  /** One for each of the nodes that are left, 0–100. */
  scores?(nodes: readonly NodeInfo[]): number[]
}

export interface SchedulerPlugin {
  /** As upstream names it. */
  readonly name: string
  /** Of its score; 0 for a plugin that only filters. */
  readonly weight: number
  /** `prepare` looks at the pods of the cluster, so that its rules hold only for these. */
  readonly readsPods?: true
  /** What may make a pod fit that this plugin refused. */
  readonly wakesOn: readonly ClusterEvent[]
  /** Undefined where the plugin has nothing to say about this pod. */
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
