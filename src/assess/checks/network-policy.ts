import type { NetworkPolicy } from '../../api/types/networking-v1.ts'
import { selects } from '../../client/cache/label-selector.ts'
import type { ManifestCheck } from '../manifest-check.ts'

/** Without a policy nothing defines the traffic of a pod: the default of the namespace decides, or all traffic is allowed. */
export const networkPolicy: ManifestCheck = {
  id: 'network-policy',
  severity: 'warning',
  title: 'A NetworkPolicy covers each pod, in both directions',
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
      const message = `no NetworkPolicy of namespace "${on.namespace}" covers the ${open.map(type => type.toLowerCase()).join(' and ')} of this pod: it has no network if namespaces deny by default, and is open to everybody otherwise`
      return [{ on, field: specField, message }]
    })
  },
}
