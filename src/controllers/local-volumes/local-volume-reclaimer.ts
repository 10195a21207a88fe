// Erases or retains PersistentVolumes on nodes' disks when their claims are gone.
import { localDriver, retainedAnnotation, volumeFinalizer } from '../../api/volumes/local-volume-names.ts'
import { localVolumes, persistentVolumes } from '../../client/resources.ts'
import { type Context, type Controller, done } from '../controller.ts'
import { hasFinalizer, removeFinalizer } from '../finalizer.ts'
import { ignoreMissing } from '../missing-object.ts'
import { localVolumeIdentity } from './local-volume-identity.ts'
import { planReclaim } from './reclaim-plan.ts'

export const localVolumeReclaimer: Controller = {
  name: 'local-volume-reclaimer',
  eventSource: localDriver,
  identity: localVolumeIdentity,
  watches: persistentVolumes,
  begin(context) {
    const { client, informers, settings } = context
    const volumes = informers.full(persistentVolumes)
    return async (key, signal) => {
      const volume = volumes.getByKey(key)
      const step = volume === undefined ? 'wait' : planReclaim(volume)
      if (volume === undefined || step === 'wait') return done
      const handle = volume.spec.csi?.volumeHandle ?? ''
      if (step === 'erase') {
        await settings.volumeKeys.erase(handle, signal)
        await ignoreMissing(client.delete(localVolumes, '', handle, {}, signal))
        if (volume.metadata.deletionTimestamp === undefined)
          await ignoreMissing(client.delete(persistentVolumes, '', volume.metadata.name ?? '', {}, signal))
      } else await retain(context, handle, signal)
      // Before its deletion the volume keeps the finalizer: the next pass removes it.
      if (volume.metadata.deletionTimestamp !== undefined && hasFinalizer(volume, volumeFinalizer))
        await removeFinalizer(context, persistentVolumes, volume, volumeFinalizer, signal)
      return done
    }
  },
}

/** Without this mark, a LocalVolume of no claim would be removed. */
async function retain({ client, informers }: Context, name: string, signal: AbortSignal): Promise<void> {
  const found = informers.full(localVolumes).get('', name)
  if (found === undefined || found.metadata.annotations?.[retainedAnnotation] !== undefined) return
  const annotations = { ...found.metadata.annotations, [retainedAnnotation]: 'true' }
  await client.update(localVolumes, { ...found, metadata: { ...found.metadata, annotations } }, signal)
}
