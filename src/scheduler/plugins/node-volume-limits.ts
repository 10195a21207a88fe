import { claimNameOf } from '../../api/pods/claim-name.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import type { VolumeView } from '../framework/cluster-state.ts'
import { type Fit, fits, misfit, type SchedulerPlugin } from '../framework/framework.ts'
import type { NodeInfo } from '../framework/node-info.ts'

/** A node has at most as many volumes of a CSI driver as its CSINode says. A volume that several pods share counts once. */
export const nodeVolumeLimits: SchedulerPlugin = {
  name: 'NodeVolumeLimits',
  weight: 0,
  readsPods: true,
  wakesOn: ['node-changed', 'pod-removed', 'volume-changed'],
  prepare(pod, { volumes }) {
    const wanted = volumesOf(pod, volumes)
    if (wanted.size === 0) return undefined
    return {
      filter(node): Fit {
        const limits = new Map(
          [...new Set(wanted.values())].flatMap(driver => {
            const most = volumes.volumeLimit(node.name, driver)
            return most === undefined ? [] : [[driver, most] as const]
          }),
        )
        if (limits.size === 0) return fits
        const { used, counts } = usedOn(node, volumes)
        const isOver = [...limits].some(([driver, most]) => {
          const added = [...wanted].filter(([id, of]) => of === driver && !used.has(id)).length
          return added > 0 && (counts.get(driver) ?? 0) + added > most
        })
        return isOver ? misfit('node(s) exceed max volume count') : fits
      },
    }
  },
}

interface Used {
  readonly used: ReadonlySet<string>
  /** By driver. */
  readonly counts: ReadonlyMap<string, number>
  /** What it was counted of. */
  readonly state: object
  readonly podChanges: number
}

/** A pod is tried on every node, and again after many changes that do not concern volumes. */
const kept = new WeakMap<NodeInfo, Used>()

function usedOn(node: NodeInfo, volumes: VolumeView): Used {
  const { state } = volumes
  const { podChanges } = node
  const known = kept.get(node)
  if (known !== undefined && known.state === state && known.podChanges === podChanges) return known
  const used = new Set<string>()
  const counts = new Map<string, number>()
  for (const pod of node.pods())
    for (const [id, driver] of volumesOf(pod, volumes)) {
      if (used.has(id)) continue
      used.add(id)
      counts.set(driver, (counts.get(driver) ?? 0) + 1)
    }
  const counted = { used, counts, state, podChanges }
  kept.set(node, counted)
  return counted
}

/** Identity of each persistent CSI volume of the pod -> its driver. A claim that is not bound yet gets a volume of its own. */
function volumesOf(pod: Pod, volumes: VolumeView): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const volume of pod.spec.volumes ?? []) {
    const name = claimNameOf(pod, volume)
    if (name === undefined) continue
    const namespace = pod.metadata.namespace ?? ''
    const claim = volumes.claim(namespace, name)
    const csi = volumes.volume(claim?.spec.volumeName ?? '')?.spec.csi
    const provisioner = volumes.storageClass(claim?.spec.storageClassName ?? '')?.provisioner
    if (csi != null) found.set(writeJson([csi.driver, csi.volumeHandle]), csi.driver)
    else if (provisioner !== undefined && (claim?.spec.volumeName ?? '') === '')
      found.set(writeJson([provisioner, namespace, name]), provisioner)
  }
  return found
}
