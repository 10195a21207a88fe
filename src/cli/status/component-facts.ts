// The programs that nodes run, from their Node objects.
import type { NodeCondition } from '../../api/types/core-v1.ts'
import { type Component, componentsAnnotation, readComponents, runtimeDriftCondition } from '../../supply-chain/components/component.ts'
import { knownWeaknesses } from '../../supply-chain/components/known-weaknesses.ts'

export interface ComponentFacts extends Component {
  /** Ids of vulnerabilities of the upstream version. */
  readonly weaknesses: readonly string[]
}

export function componentFacts(
  annotations: Readonly<Record<string, string>> | undefined,
  conditions: readonly NodeCondition[],
): { readonly components: readonly ComponentFacts[]; readonly drift: string } {
  const drift = conditions.find(({ type }) => type === runtimeDriftCondition)
  return {
    components: readComponents(annotations?.[componentsAnnotation]).map(component => ({
      ...component,
      weaknesses: knownWeaknesses(component),
    })),
    drift: drift?.status === 'True' ? (drift.message ?? '') : '',
  }
}

/** One sentence for each node whose programs changed. */
export const drifted = (nodes: readonly { readonly name: string; readonly drift: string }[]): string[] =>
  nodes.filter(({ drift }) => drift !== '').map(({ name, drift }) => `Node "${name}" gets no new pods: ${drift}`)
