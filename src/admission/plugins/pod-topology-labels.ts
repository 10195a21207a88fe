// A pod learns the zone and region of its node from its own labels (KEP-4742: alpha in v1.33, so off unless it is asked for).
import type { Node, Pod } from '../../api/types/core-v1.ts'
import type { AdmissionPlugin, ClusterReader } from '../admission.ts'

const copied = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region']

export function podTopologyLabels({ reader }: { readonly reader: ClusterReader }): AdmissionPlugin {
  return {
    name: 'PodTopologyLabels',
    handles: ({ resource, subresource, operation }) =>
      resource.group === '' &&
      resource.plural === 'pods' &&
      ((operation === 'CREATE' && subresource === '') || (operation === 'UPDATE' && subresource === 'binding')),
    mutate({ object }) {
      const pod = object as Pod
      const node = pod.spec.nodeName ? (reader.get('nodes', '', pod.spec.nodeName) as Node | undefined) : undefined
      for (const key of copied) {
        const value = node?.metadata.labels?.[key]
        if (value !== undefined && pod.metadata.labels?.[key] === undefined) pod.metadata.labels = { ...pod.metadata.labels, [key]: value }
      }
    },
  }
}
