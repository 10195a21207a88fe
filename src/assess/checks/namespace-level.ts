import type { ManifestCheck } from '../manifest-check.ts'

const label = 'pod-security.kubernetes.io/enforce'

/** The label lets everybody who can write to the namespace create pods that can take over the node. */
export const namespaceLevel: ManifestCheck = {
  id: 'namespace-level',
  severity: 'warning',
  title: 'Namespaces enforce the restricted level',
  serves: ['C3', 'PSS', 'CIS 5.2.1'],
  check: set =>
    set.of('namespaces').flatMap(on => {
      const level = on.object.metadata.labels?.[label]
      if (level === undefined || level === 'restricted') return []
      return [
        {
          on,
          field: 'metadata.labels',
          message: `pods of this namespace only have to meet "${level}": use an exception for the workload that needs it`,
        },
      ]
    }),
}
