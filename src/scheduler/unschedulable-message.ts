// Why a pod fits nowhere, in upstream's exact words: what `kubectl describe pod` shows.
import type { Pod } from '../api/types/core-v1.ts'
import type { NodeInfo } from './node-info.ts'

export interface Refusal {
  readonly plugin: string
  readonly node: NodeInfo
  readonly reasons: readonly string[]
  readonly unresolvable: boolean
}

export function unschedulableMessage(pod: Pod, nodes: number, refusals: readonly Refusal[]): string {
  return `${summary(
    nodes,
    refusals.flatMap(({ reasons }) => reasons),
  )} ${preemptionMessage(pod, nodes, refusals)}`
}

/** Nothing is preempted: this says for each node why it would not help, as upstream's PostFilter does where it finds no victims. */
function preemptionMessage({ spec }: Pod, nodes: number, refusals: readonly Refusal[]): string {
  if (spec.preemptionPolicy === 'Never') return 'preemption: not eligible due to preemptionPolicy=Never.'
  const reasons = refusals.map(({ unresolvable }) =>
    unresolvable ? 'Preemption is not helpful for scheduling' : 'No preemption victims found for incoming pod',
  )
  return `preemption: ${summary(nodes, reasons)}`
}

function summary(nodes: number, reasons: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const parts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort()
  return `0/${nodes} nodes are available${parts.length === 0 ? '' : `: ${parts.join(', ')}`}.`
}
