// Namespaces that never got what ClusterDefaults gives to new ones: those of a cluster from before there were any, or that were exempt when they were made.
import { createsObjects, defaultsAnnotation, systemExempt } from '../../api/resources/bulkhead/cluster-defaults.ts'
import type { ClusterDefaults } from '../../api/types/bulkhead-v1alpha1.ts'
import type { Namespace } from '../../api/types/core-v1.ts'

/** Pure. Their names, sorted; none where the defaults have nothing that a namespace would have to be given. */
export function namespacesWithoutDefaults(namespaces: readonly Namespace[], defaults: ClusterDefaults | undefined): string[] {
  const given = defaults?.spec?.namespaces ?? {}
  const { exempt = [] } = given
  if (!createsObjects(given)) return []
  return namespaces
    .filter(({ metadata }) => metadata.annotations?.[defaultsAnnotation] === undefined && metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.name ?? '')
    .filter(name => !systemExempt.has(name) && !exempt.includes(name))
    .toSorted()
}

/** A controller gives them the defaults then. Pods that run go on, with what network policies allow; new ones wait until all is there. */
export const defaultsCommand = (names: readonly string[]): string =>
  `kubectl annotate namespace ${names.join(' ')} ${defaultsAnnotation}=pending`
