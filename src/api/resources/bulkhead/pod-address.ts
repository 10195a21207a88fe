// bulkhead.dev/v1alpha1 PodAddress: a view of Pods for network policy agents, without their containers.
import type { KubeObject } from '../../object.ts'
import type { PodAddress, PodAddressPort } from '../../types/bulkhead-v1alpha1.ts'
import type { Pod } from '../../types/core-v1.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { labelsAlone } from './namespace-labels.ts'

export const podAddress = defineResource<PodAddress>({
  group: 'bulkhead.dev',
  version: 'v1alpha1',
  kind: 'PodAddress',
  plural: 'podaddresses',
  singular: 'podaddress',
  namespaced: true,
  verbs: ['get', 'list', 'watch'],
  projectionOf: { group: '', plural: 'pods', view: object => podAddressOf(object as KubeObject & Pod) },
  columns: [
    nameColumn,
    { name: 'Addresses', type: 'string', cell: ({ spec }) => spec.addresses.join(',') },
    { name: 'Node', type: 'string', cell: ({ spec }) => spec.nodeName },
    ageColumn,
  ],
})

export function podAddressOf({ metadata, spec, status }: Pod): PodAddress {
  const ports = namedPortsOf(spec)
  return {
    apiVersion: 'bulkhead.dev/v1alpha1',
    kind: 'PodAddress',
    metadata: labelsAlone({ ...metadata, labels: policyLabelsOf({ metadata, spec }) }),
    spec: {
      nodeName: spec.nodeName ?? '',
      addresses: addressesOf(spec, status),
      ...(ports.length === 0 ? {} : { ports }),
    },
  }
}

/** The label by which policies select pods of a ServiceAccount. Only policies see it: a pod's own label of this name is ignored. */
export const accountLabel = 'bulkhead.dev/service-account'

/** The labels of a pod as network policies see them. Label values have at most 63 characters: an account with a longer name cannot be selected. */
export function policyLabelsOf({ metadata, spec }: Pick<Pod, 'metadata' | 'spec'>): Record<string, string> {
  const { [accountLabel]: _, ...labels } = metadata.labels ?? {}
  const account = spec.serviceAccountName ?? ''
  return account === '' || account.length > 63 ? labels : { ...labels, [accountLabel]: account }
}

/** A hostNetwork pod has no address of its own; the address of a finished one may already be another's. */
function addressesOf(spec: Pod['spec'], status: Pod['status']): string[] {
  if (spec.hostNetwork === true || status?.phase === 'Succeeded' || status?.phase === 'Failed') return []
  const listed = (status?.podIPs ?? []).flatMap(({ ip }) => ip ?? [])
  return listed.length > 0 || !status?.podIP ? listed : [status.podIP]
}

/** Ports of its containers and sidecars. */
export function namedPortsOf({ initContainers = [], containers }: Pod['spec']): PodAddressPort[] {
  const all = [...initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always'), ...containers]
  return all.flatMap(({ ports = [] }) =>
    ports.flatMap(({ name, protocol, containerPort }) => (name ? [{ name, protocol: protocol ?? 'TCP', port: containerPort }] : [])),
  )
}
