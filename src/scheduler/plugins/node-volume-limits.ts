import { claimNameOf } from '../../api/pods/claim-name.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { VolumeView } from '../framework/cluster-state.ts'
import { type Fit, fits, misfit, type SchedulerPlugin } from '../framework/framework.ts'

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
        const used = new Map<string, string>()
        for (const other of node.pods()) for (const [id, driver] of volumesOf(other, volumes)) if (limits.has(driver)) used.set(id, driver)
        const isOver = [...limits].some(([driver, most]) => {
          const added = [...wanted].filter(([id, of]) => of === driver && !used.has(id)).length
          return added > 0 && count(used, driver) + added > most
        })
        return isOver ? misfit('node(s) exceed max volume count') : fits
      },
    }
  },
}

const count = (used: ReadonlyMap<string, string>, driver: string): number => [...used.values()].filter(of => of === driver).length

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
    if (csi != null) found.set(JSON.stringify([csi.driver, csi.volumeHandle]), csi.driver)
    else if (provisioner !== undefined && (claim?.spec.volumeName ?? '') === '')
      found.set(JSON.stringify([provisioner, namespace, name]), provisioner)
  }
  return found
}
