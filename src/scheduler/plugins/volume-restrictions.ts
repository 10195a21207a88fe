import { claimNameOf } from '../../api/claim-name.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { type Fit, fits, misfit, type SchedulerPlugin } from '../framework.ts'

/** A claim that one pod alone may use (ReadWriteOncePod) is used by one pod alone, wherever that is. */
export const volumeRestrictions: SchedulerPlugin = {
  name: 'VolumeRestrictions',
  weight: 0,
  readsPods: true,
  wakesOn: ['node-changed', 'pod-removed', 'volume-changed'],
  prepare(pod, { nodes, volumes }) {
    const exclusive = claimNames(pod).filter(name =>
      volumes.claim(pod.metadata.namespace ?? '', name)?.spec.accessModes?.includes('ReadWriteOncePod'),
    )
    if (exclusive.length === 0) return undefined
    const uses = (other: Pod): boolean =>
      other.metadata.namespace === pod.metadata.namespace && claimNames(other).some(name => exclusive.includes(name))
    const inUse = nodes.some(node => [...node.pods()].some(uses))
    return { filter: (): Fit => (inUse ? misfit(conflict) : fits) }
  },
}

const conflict = 'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode'

const claimNames = (pod: Pod): string[] => (pod.spec.volumes ?? []).flatMap(volume => claimNameOf(pod, volume) ?? [])
