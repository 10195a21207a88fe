// bulkhead.dev/v1alpha1 NodeLink: a view of Nodes for the nodes' own WireGuard links, without what else a Node says.
import { nodeLinkKey, nodeLinkPort } from '../../nodes/node-link-names.ts'
import type { KubeObject } from '../../object.ts'
import type { NodeLink } from '../../types/bulkhead-v1alpha1.ts'
import type { Node } from '../../types/core-v1.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { labelsAlone } from './namespace-labels.ts'

export const nodeLink = defineResource<NodeLink>({
  group: 'bulkhead.dev',
  version: 'v1alpha1',
  kind: 'NodeLink',
  plural: 'nodelinks',
  singular: 'nodelink',
  namespaced: false,
  verbs: ['get', 'list', 'watch'],
  projectionOf: { group: '', plural: 'nodes', view: object => nodeLinkOf(object as KubeObject & Node) },
  columns: [
    nameColumn,
    { name: 'Pods', type: 'string', cell: ({ spec }) => spec.podCIDR ?? '' },
    { name: 'Addresses', type: 'string', cell: ({ spec }) => spec.addresses.join(',') },
    { name: 'Key', type: 'string', cell: ({ spec }) => spec.publicKey ?? '' },
    ageColumn,
  ],
})

export function nodeLinkOf({ metadata, spec, status }: Node): NodeLink {
  const { annotations, labels: _, ...identity } = metadata
  const [publicKey, port] = [annotations?.[nodeLinkKey], Number(annotations?.[nodeLinkPort])]
  return {
    apiVersion: 'bulkhead.dev/v1alpha1',
    kind: 'NodeLink',
    metadata: labelsAlone(identity),
    spec: {
      ...(spec?.podCIDR === undefined ? {} : { podCIDR: spec.podCIDR }),
      addresses: (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address),
      ...(publicKey === undefined ? {} : { publicKey }),
      ...(Number.isInteger(port) && port > 0 && port < 65_536 ? { port } : {}),
    },
  }
}
