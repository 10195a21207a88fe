import type { ManifestCheck } from '../manifest-check.ts'

/** In the default namespace everything shares one boundary of rights, quotas and network. */
export const defaultNamespace: ManifestCheck = {
  id: 'default-namespace',
  severity: 'note',
  title: 'Objects have a namespace of their own',
  serves: ['C10', 'CIS 5.6.4'],
  check: set =>
    set.workloads.flatMap(({ on }) =>
      on.object.metadata.namespace === 'default'
        ? [{ on, field: 'metadata.namespace', message: 'the default namespace is shared: use one of its own' }]
        : [],
    ),
}
