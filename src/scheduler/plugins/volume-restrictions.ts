import { claimNameOf } from '../../api/pods/claim-name.ts'
import type { Pod, Volume } from '../../api/types/core-v1.ts'
import { type Fit, fits, misfit, type SchedulerPlugin } from '../framework/framework.ts'

/**
 * A ReadWriteOncePod claim is used by one pod in the whole cluster. A disk that pods name directly is used by one pod per node, unless all
 * of them only read it.
 */
export const volumeRestrictions: SchedulerPlugin = {
  name: 'VolumeRestrictions',
  weight: 0,
  readsPods: true,
  wakesOn: ['node-changed', 'pod-removed', 'volume-changed'],
  prepare(pod, { nodes, volumes }) {
    const exclusive = claimNames(pod).filter(name =>
      volumes.claim(pod.metadata.namespace ?? '', name)?.spec.accessModes?.includes('ReadWriteOncePod'),
    )
    const disks = (pod.spec.volumes ?? []).filter(isDisk)
    if (exclusive.length === 0 && disks.length === 0) return undefined
    const uses = (other: Pod): boolean =>
      other.metadata.namespace === pod.metadata.namespace && claimNames(other).some(name => exclusive.includes(name))
    const inUse = exclusive.length > 0 && nodes.some(node => [...node.pods()].some(uses))
    const attaches = ({ spec }: Pod): boolean =>
      spec.volumes?.some(other => isDisk(other) && disks.some(disk => excludes(disk, other))) === true
    return {
      filter(node): Fit {
        if (disks.length > 0 && [...node.pods()].some(attaches)) return misfit('node(s) had no available disk')
        return inUse ? misfit(conflict) : fits
      },
    }
  },
}

const conflict = 'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode'

const claimNames = (pod: Pod): string[] => (pod.spec.volumes ?? []).flatMap(volume => claimNameOf(pod, volume) ?? [])

const isDisk = ({ gcePersistentDisk, awsElasticBlockStore, iscsi, rbd }: Volume): boolean =>
  (gcePersistentDisk ?? awsElasticBlockStore ?? iscsi ?? rbd) !== undefined

/** Whether the volumes are the same disk, which these two pods cannot share. An Amazon disk allows no second reader either. */
function excludes(a: Volume, b: Volume): boolean {
  if (a.gcePersistentDisk && b.gcePersistentDisk)
    return a.gcePersistentDisk.pdName === b.gcePersistentDisk.pdName && isWritten(a.gcePersistentDisk, b.gcePersistentDisk)
  if (a.awsElasticBlockStore && b.awsElasticBlockStore) return a.awsElasticBlockStore.volumeID === b.awsElasticBlockStore.volumeID
  if (a.iscsi && b.iscsi) return a.iscsi.iqn === b.iscsi.iqn && isWritten(a.iscsi, b.iscsi)
  if (a.rbd === undefined || b.rbd === undefined) return false
  const { monitors, pool, image } = b.rbd
  const isSame = a.rbd.pool === pool && a.rbd.image === image && a.rbd.monitors.some(monitor => monitors.includes(monitor))
  return isSame && isWritten(a.rbd, b.rbd)
}

interface Readable {
  readonly readOnly?: boolean
}

const isWritten = (a: Readable, b: Readable): boolean => a.readOnly !== true || b.readOnly !== true
