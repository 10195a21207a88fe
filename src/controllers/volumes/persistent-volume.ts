// Maintains the phase of volumes: available, bound, and released when their claim is deleted.

import { isReason } from '../../api/status.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { indexVolumes, volumesOfClaim } from '../../client/cache/volume-index.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { persistentVolumeClaims, persistentVolumes } from '../../client/resources.ts'
import { type Controller, done, follow } from '../controller.ts'
import { persistentVolumeBinder } from './volume-binder-identity.ts'
import { planVolume } from './volume-phase-plan.ts'

export const persistentVolume: Controller = {
  name: 'persistentvolume-phase-controller',
  eventSource: 'persistentvolume-controller',
  identity: persistentVolumeBinder,
  watches: persistentVolumes,
  follows: [
    follow({
      resource: persistentVolumeClaims,
      keys: (claim, { informers }) => [
        ...volumesOfClaim(informers.full(persistentVolumes), keyOf(claim)).map(keyOf),
        ...(claim.spec.volumeName === undefined || claim.spec.volumeName === '' ? [] : [claim.spec.volumeName]),
      ],
    }),
  ],
  begin({ client, informers, events }) {
    const volumes = informers.full(persistentVolumes)
    indexVolumes(volumes)
    const claims = informers.full(persistentVolumeClaims)
    return async (key, signal) => {
      const volume = volumes.getByKey(key)
      if (volume === undefined) return done
      const { namespace = '', name = '', uid } = volume.spec.claimRef ?? {}
      let claim = claims.get(namespace, name)
      if (uid !== undefined && uid !== '' && claim?.metadata.uid !== uid) {
        // The cache may lag behind, and a volume released by mistake loses its data.
        claim = await client.get(persistentVolumeClaims, namespace, name, signal).catch((err: unknown) => {
          if (isReason(err, 'NotFound')) return undefined
          throw err
        })
      }
      const plan = planVolume(volume, claim)
      if (plan.step === 'unbind') await client.update(persistentVolumes, plan.volume, signal)
      if (plan.step !== 'phase') return done
      await client.updateStatus(persistentVolumes, { ...volume, status: plan.status }, signal)
      if (plan.event !== undefined) {
        const { type, reason, message } = plan.event
        events.record(referenceTo(volume, 'v1', 'PersistentVolume'), type, reason, message)
      }
      return done
    }
  },
}
