import type { NetworkPolicy } from '../../api/types/networking-v1.ts'
import { selects } from '../../client/label-selector.ts'
import type { ManifestCheck } from '../manifest-check.ts'

/** What a pod may reach and who may reach it is said by nobody: a namespace's default decides, or it talks to everything. */
export const networkPolicy: ManifestCheck = {
  id: 'network-policy',
  severity: 'warning',
  title: 'A NetworkPolicy covers each pod, both ways',
  serves: ['N1', 'CIS 5.3.2', 'NSA network separation'],
  check: set => {
    const policies = set
      .of('networkpolicies.networking.k8s.io')
      .map(({ namespace, object }) => ({ namespace, spec: (object as NetworkPolicy).spec }))
    return set.workloads.flatMap(({ on, pod, specField }) => {
      if (pod.spec.hostNetwork === true) return []
      const labels = pod.metadata.labels ?? {}
      const selecting = policies.filter(
        ({ namespace, spec }) => namespace === on.namespace && spec !== undefined && selects(spec.podSelector, labels),
      )
      const open = (['Ingress', 'Egress'] as const).filter(
        type => !selecting.some(({ spec }) => (spec?.policyTypes ?? ['Ingress']).includes(type)),
      )
      if (open.length === 0) return []
      const message = `no NetworkPolicy of namespace "${on.namespace}" covers the ${open.map(type => type.toLowerCase()).join(' and ')} of this pod: it is cut off where namespaces deny by default, and open to everybody elsewhere`
      return [{ on, field: specField, message }]
    })
  },
}
