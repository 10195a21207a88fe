// Namespaces that never got what ClusterDefaults gives to new ones: created before ClusterDefaults existed, or while they were exempt.
import { createsObjects, defaultsAnnotation, systemExempt } from '../../api/resources/bulkhead/cluster-defaults.ts'
import type { ClusterDefaults } from '../../api/types/bulkhead-v1alpha1.ts'
import type { Namespace } from '../../api/types/core-v1.ts'

/** Pure. Sorted names; empty if the defaults create no objects. */
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

/**
 * The annotation makes a controller add the defaults. Running pods continue, as far as network policies allow; new ones wait until all
 * defaults exist.
 */
export const defaultsCommand = (names: readonly string[]): string =>
  `kubectl annotate namespace ${names.join(' ')} ${defaultsAnnotation}=pending`
