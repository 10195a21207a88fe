import type { ManifestCheck } from '../manifest-check.ts'

/** Everything in the default namespace shares rights, quotas and network policies. */
export const defaultNamespace: ManifestCheck = {
  id: 'default-namespace',
  severity: 'note',
  title: 'Objects are not in the default namespace',
  serves: ['C10', 'CIS 5.7.4'],
  check: set =>
    set.workloads.flatMap(({ on }) =>
      on.object.metadata.namespace === 'default'
        ? [{ on, field: 'metadata.namespace', message: 'the default namespace is shared: use a separate one' }]
        : [],
    ),
}
