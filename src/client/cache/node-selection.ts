// Node selectors: terms are alternatives, requirements of a term must all hold.
import type { Node, NodeSelectorTerm, PodSpec } from '../../api/types/core-v1.ts'
import { meets } from './label-selector.ts'

/** What selectors see of a node. */
export interface SelectableNode {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

export const selectable = ({ metadata }: Node): SelectableNode => ({ name: metadata.name ?? '', labels: metadata.labels ?? {} })

/** An empty term selects nothing. */
export function termSelects({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: SelectableNode): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false
  return (
    matchExpressions.every(({ key, operator, values = [] }) => meets(node.labels[key], operator, values)) &&
    matchFields.every(({ key, operator, values = [] }) => meets(key === 'metadata.name' ? node.name : undefined, operator, values))
  )
}

/** spec.nodeSelector and the required node affinity. */
export function selectsNode(spec: PodSpec, node: SelectableNode): boolean {
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {})) if (node.labels[key] !== value) return false
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return required == null || (required.nodeSelectorTerms ?? []).some(term => termSelects(term, node))
}
