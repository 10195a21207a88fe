// A pod gets labels with the zone and region of its node (KEP-4742: alpha in v1.33, so off by default).

import { regionLabel, zoneLabel } from '../../api/nodes/topology-labels.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { Binding, Node, Pod } from '../../api/types/core-v1.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'

const copied = [zoneLabel, regionLabel]

export const podTopologyLabels: PluginDefinition<{ readonly reader: StoreReader }> = {
  name: 'PodTopologyLabels',
  does: 'Copies zone and region of the node to labels of its pods',
  on: 'requested',
  handles: [{ operations: ['CREATE'], resources: ['pods', 'pods/binding'] }],
  create,
}

function create({ reader }: { readonly reader: StoreReader }): PluginSteps {
  return {
    async mutate({ object, subresource, namespace, name }) {
      if (object === undefined) return
      const pod = (subresource === 'binding' ? reader.get('pods', namespace, name) : object) as Pod | undefined
      const nodeName = subresource === 'binding' ? (object as Binding).target.name : pod?.spec.nodeName
      const node = nodeName ? (reader.get('nodes', '', nodeName) as Node | undefined) : undefined
      for (const key of copied) {
        const value = node?.metadata.labels?.[key]
        // The labels of a Binding become those of its pod.
        if (value !== undefined && pod?.metadata.labels?.[key] === undefined)
          object.metadata.labels = { ...object.metadata.labels, [key]: value }
      }
    },
  }
}
