// The programs that nodes run, from their Node objects.
import type { NodeCondition } from '../../api/types/core-v1.ts'
import { UserError } from '../../base/user-error.ts'
import { type AdvisoryDatabase, openAdvisoryDatabase } from '../../supply-chain/advisories/database/open-database.ts'
import type { AdvisoryLookup } from '../../supply-chain/advisories/match-packages.ts'
import { type Component, componentsAnnotation, readComponents, runtimeDriftCondition } from '../../supply-chain/components/component.ts'
import { type ComponentFinding, componentFindings } from '../../supply-chain/components/component-findings.ts'
import { knownWeaknesses } from '../../supply-chain/components/known-weaknesses.ts'

export interface ComponentFacts extends Component {
  /** Ids of vulnerabilities of the upstream version, by the table that comes with Bulkhead. Empty where advisories are known. */
  readonly weaknesses: readonly string[]
  /** By the cluster's imported advisories of the distribution; undefined if they know nothing of the package. */
  readonly findings?: readonly ComponentFinding[]
}

export function componentFacts(
  annotations: Readonly<Record<string, string>> | undefined,
  conditions: readonly NodeCondition[],
  lookup?: AdvisoryLookup,
): { readonly components: readonly ComponentFacts[]; readonly drift: string } {
  const drift = conditions.find(({ type }) => type === runtimeDriftCondition)
  return {
    components: readComponents(annotations?.[componentsAnnotation]).map(component => {
      const findings = lookup && componentFindings(component, lookup)
      return findings === undefined ? { ...component, weaknesses: knownWeaknesses(component) } : { ...component, weaknesses: [], findings }
    }),
    drift: drift?.status === 'True' ? (drift.message ?? '') : '',
  }
}

/** One sentence for each node whose programs changed. */
export const drifted = (nodes: readonly { readonly name: string; readonly drift: string }[]): string[] =>
  nodes.filter(({ drift }) => drift !== '').map(({ name, drift }) => `Node "${name}" gets no new pods: ${drift}`)

/** Of the cluster; undefined where none are imported, or none that can be read: then the table counts. */
export function importedAdvisories(folder: string): AdvisoryDatabase | undefined {
  try {
    return openAdvisoryDatabase(folder)
  } catch (err) {
    if (err instanceof UserError) return undefined
    throw err
  }
}
