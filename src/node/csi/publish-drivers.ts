// Writes what is registered on the node into its CSINode and labels.
import { isReason } from '../../api/status.ts'
import type { CSINode } from '../../api/types/storage-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Client } from '../../client/client.ts'
import { csiNodes, nodes } from '../../client/resources.ts'
import type { NodeDriver } from './csi-drivers.ts'
import { planCsiNode, topologyLabels } from './csi-node-object.ts'

/** Rejects if two drivers, or a driver and a label, disagree on the node's topology, and with ApiError. */
export async function publishDrivers(
  client: Client,
  nodeName: string,
  drivers: readonly NodeDriver[],
  keeps: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  const node = await client.get(nodes, '', nodeName, signal)
  const labels = topologyLabels(node, drivers)
  // Before the CSINode: the scheduler and the provisioner read the values of its topology keys from the labels.
  if (Object.keys(labels).length > 0) await client.patch(nodes, '', nodeName, { metadata: { labels } }, { type: 'merge' }, signal)
  const current = await client.get(csiNodes, '', nodeName, signal).catch((err: unknown) => {
    if (isReason(err, 'NotFound')) return undefined
    throw err
  })
  const wanted = planCsiNode(current, node, drivers, keeps)
  if (wanted === undefined) return
  if (current === undefined) {
    await client.create(csiNodes, '', wanted, signal)
    return
  }
  const kept = unchanged(current, wanted)
  // A driver's entry is immutable: one that changes is removed first.
  const base = kept === undefined ? current : await client.update(csiNodes, { ...current, spec: { drivers: kept } }, signal)
  await client.update(csiNodes, { ...wanted, metadata: base.metadata }, signal)
}

/** The entries without those that change; undefined if none changes. */
function unchanged(current: CSINode, wanted: CSINode): CSINode['spec']['drivers'] | undefined {
  const drivers = current.spec.drivers ?? []
  const next = new Map((wanted.spec.drivers ?? []).map(driver => [driver.name, writeJson(driver)]))
  const kept = drivers.filter(driver => !next.has(driver.name) || next.get(driver.name) === writeJson(inOrder(driver)))
  return kept.length === drivers.length ? undefined : kept
}

const inOrder = ({ name, nodeID, topologyKeys, allocatable }: NonNullable<CSINode['spec']['drivers']>[number]) => ({
  ...{ name, nodeID, topologyKeys: [...(topologyKeys ?? [])].sort() },
  ...(allocatable === undefined ? {} : { allocatable }),
})
