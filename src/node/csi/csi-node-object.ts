// The CSINode of this node: which drivers are registered, under which name each knows the node, its topology and its limit of volumes. Pure.

import { sameValue } from '../../api/same-value.ts'
import type { Node } from '../../api/types/core-v1.ts'
import type { CSINode, CSINodeDriver } from '../../api/types/storage-v1.ts'
import type { NodeDriver } from './csi-drivers.ts'

type About = Pick<NodeDriver, 'name' | 'nodeId' | 'maxVolumes' | 'topology'>

const entryOf = ({ name, nodeId, maxVolumes, topology }: About): CSINodeDriver => ({
  name,
  nodeID: nodeId,
  topologyKeys: Object.keys(topology).sort(),
  ...(maxVolumes === 0 ? {} : { allocatable: { count: maxVolumes } }),
})

/**
 * Undefined if it is as wanted. `keeps` are drivers of an earlier agent that may register again: pods that are being scheduled meanwhile
 * count with them. A driver's entry is replaced as a whole, since its fields are immutable one by one.
 */
export function planCsiNode(
  current: CSINode | undefined,
  node: Node,
  drivers: readonly About[],
  keeps: ReadonlySet<string>,
): CSINode | undefined {
  const left = (current?.spec.drivers ?? []).filter(({ name }) => keeps.has(name) && !drivers.some(driver => driver.name === name))
  const wanted = [...left, ...drivers.map(entryOf)].sort((a, b) => (a.name < b.name ? -1 : 1))
  if (current !== undefined && sameValue(current.spec.drivers ?? [], wanted)) return undefined
  const { name = '', uid = '' } = node.metadata
  const owner = { apiVersion: 'v1', kind: 'Node', name, uid }
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSINode',
    metadata: current?.metadata ?? { name, ownerReferences: [owner] },
    spec: { drivers: wanted },
  }
}

/** Labels of the node that the drivers' topology needs; throws if two drivers, or a label of others, give a key another value. */
export function topologyLabels(node: Node, drivers: readonly About[]): Readonly<Record<string, string>> {
  const added: Record<string, string> = {}
  for (const { name, topology } of drivers)
    for (const [key, value] of Object.entries(topology)) {
      const has = added[key] ?? node.metadata.labels?.[key]
      if (has !== undefined && has !== value)
        throw new Error(`driver "${name}" says ${key}=${value}, and the node has the label ${key}=${has}`)
      if (has === undefined) added[key] = value
    }
  return added
}
