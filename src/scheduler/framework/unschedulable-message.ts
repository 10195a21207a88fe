// Why a pod fits nowhere, in upstream's exact words: what `kubectl describe pod` shows.
import type { Pod } from '../../api/types/core-v1.ts'
import type { NodeInfo } from './node-info.ts'

export interface Refusal {
  readonly plugin: string
  readonly node: NodeInfo
  readonly reasons: readonly string[]
  readonly unresolvable: boolean
}

/** `preemption` is the result of the search for victims; undefined if there was none, because no pod is less important. */
export function unschedulableMessage(pod: Pod, nodes: number, refusals: readonly Refusal[], preemption?: PreemptionOutcome): string {
  const why = summary(
    nodes,
    refusals.flatMap(({ reasons }) => reasons),
  )
  if (preemption?.found === true) return why
  return `${why} preemption: ${preemptionMessage(pod, nodes, refusals, preemption)}`
}

/** For a pod that no node could take in any state. */
export function refusedEverywhere(nodes: number, reason: string): string {
  const noHelp = Array.from({ length: nodes }, () => 'Preemption is not helpful for scheduling')
  return `0/${nodes} nodes are available: ${reason}. preemption: ${summary(nodes, noHelp)}`
}

export type PreemptionOutcome =
  | { readonly found: true }
  | { readonly found: false; readonly reasons: readonly string[] }
  | { readonly found: false; readonly ineligible: string }

function preemptionMessage(
  { spec }: Pod,
  nodes: number,
  refusals: readonly Refusal[],
  outcome?: Exclude<PreemptionOutcome, { found: true }>,
): string {
  if (outcome !== undefined && 'ineligible' in outcome) return outcome.ineligible
  if (spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.'
  if (outcome !== undefined) return summary(nodes, outcome.reasons)
  const reasons = refusals.map(({ unresolvable }) =>
    unresolvable ? 'Preemption is not helpful for scheduling' : 'No preemption victims found for incoming pod',
  )
  return summary(nodes, reasons)
}

function summary(nodes: number, reasons: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const parts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort()
  return `0/${nodes} nodes are available${parts.length === 0 ? '' : `: ${parts.join(', ')}`}.`
}
