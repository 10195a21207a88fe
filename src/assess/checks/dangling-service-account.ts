import type { CheckFinding, ManifestCheck } from '../manifest-check.ts'
import { subjectsOf } from '../rbac-rules.ts'

/** Pods of a missing account never start, and a binding to it gives its rights to whoever creates that account. */
export const danglingServiceAccount: ManifestCheck = {
  id: 'dangling-service-account',
  severity: 'warning',
  title: 'ServiceAccounts that are referenced exist',
  serves: ['P2', 'A6'],
  check: set => {
    const missing = (namespace: string, name: string) => name !== 'default' && set.find('serviceaccounts', namespace, name) === undefined
    const text = (namespace: string, name: string) => `there is no ServiceAccount "${name}" in namespace "${namespace}" among the manifests`
    const pods = set.workloads.flatMap(({ on, pod, specField }): CheckFinding[] => {
      const name = pod.spec.serviceAccountName ?? ''
      if (name === '' || !missing(on.namespace, name)) return []
      return [{ on, field: `${specField}.serviceAccountName`, message: text(on.namespace, name) }]
    })
    const bindings = subjectsOf(set).flatMap(({ on, subject, field }): CheckFinding[] => {
      const namespace = subject.namespace ?? on.namespace
      // The control plane creates these accounts.
      if (subject.kind !== 'ServiceAccount' || namespace === 'kube-system' || !missing(namespace, subject.name)) return []
      return [{ on, field: `${field}.name`, message: text(namespace, subject.name) }]
    })
    return [...pods, ...bindings]
  },
}
