// Node selectors: terms are alternatives, requirements of a term must all hold.
import type { NodeSelectorTerm, Pod } from '../api/types/core-v1.ts'
import { meets } from '../client/label-selector.ts'
import type { NodeInfo } from './node-info.ts'

/** An empty term selects nothing. */
export function termSelects({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: NodeInfo): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false
  return (
    matchExpressions.every(({ key, operator, values = [] }) => meets(node.labels[key], operator, values)) &&
    matchFields.every(({ key, operator, values = [] }) => meets(key === 'metadata.name' ? node.name : undefined, operator, values))
  )
}

/** spec.nodeSelector and the required node affinity. */
export function selectsNode({ spec }: Pod, node: NodeInfo): boolean {
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {})) if (node.labels[key] !== value) return false
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return required === undefined || required.nodeSelectorTerms.some(term => termSelects(term, node))
}
