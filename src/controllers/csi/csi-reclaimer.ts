// Deletes volumes of CSI drivers whose claims are gone, if their policy says so.
import { isReason } from '../../api/status.ts'
import type { PersistentVolume } from '../../api/types/core-v1.ts'
import { localDriver } from '../../api/volumes/local-volume-names.ts'
import { CsiError } from '../../base/csi/csi-error.ts'
import { messageOf } from '../../base/user-error.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { csiDrivers, csiNodes, nodes, persistentVolumes, volumeAttachments } from '../../client/resources.ts'
import { type Context, type Controller, done, follow } from '../controller.ts'
import { hasFinalizer, removeFinalizer } from '../finalizer.ts'
import { ignoreMissing } from '../missing-object.ts'
import { CsiDrivers, inObjectName } from './csi-drivers.ts'
import { csiProvisionerIdentity } from './csi-provisioner-identity.ts'
import { readCsiSecret } from './csi-secret.ts'
import { inDriverLanes, laneWorkers } from './driver-lanes.ts'
import { csiVolumeFinalizer, deletionSecretName, deletionSecretNamespace, provisionedBy } from './provision-plan.ts'
import { nodeReaching } from './topology.ts'

const lookAgainMs = 15_000
const byVolume = 'attached volume'

export const csiReclaimer: Controller = {
  name: 'csi-reclaimer',
  eventSource: 'csi-provisioner',
  identity: csiProvisionerIdentity,
  watches: persistentVolumes,
  follows: [
    follow({
      resource: volumeAttachments,
      keys: ({ spec }) => (spec.source.persistentVolumeName === undefined ? [] : [spec.source.persistentVolumeName]),
    }),
    follow({ resource: csiDrivers, keys: () => [] }),
    follow({ resource: csiNodes, keys: () => [] }),
    follow({ resource: nodes, keys: () => [] }),
  ],
  workers: laneWorkers,
  begin(context) {
    const { client, informers } = context
    const drivers = new CsiDrivers(context, inObjectName)
    informers
      .full(volumeAttachments)
      .addIndex(byVolume, ({ spec }) => (spec.source.persistentVolumeName === undefined ? [] : [spec.source.persistentVolumeName]))
    return inDriverLanes(
      context,
      key => informers.full(persistentVolumes).getByKey(key)?.spec.csi?.driver,
      async (key, signal) => {
        const volume = informers.full(persistentVolumes).getByKey(key)
        const driver = volume?.spec.csi?.driver ?? ''
        const step =
          volume === undefined ? 'wait' : planCsiReclaim(volume, informers.full(volumeAttachments).byIndex(byVolume, key).length > 0)
        if (volume === undefined || step === 'wait') return done
        if (step === 'release') {
          await removeFinalizer(context, persistentVolumes, volume, csiVolumeFinalizer, signal)
          return done
        }
        if (!(await drivers.serves(driver, signal))) return { requeueAfterMs: lookAgainMs }
        try {
          await deleteVolume(context, drivers, volume, signal)
        } catch (err) {
          if (!(err instanceof CsiError) && !isReason(err, 'NotFound')) throw err
          context.events.record(referenceTo(volume, 'v1', 'PersistentVolume'), 'Warning', 'VolumeFailedDelete', messageOf(err))
          throw err
        }
        if (volume.metadata.deletionTimestamp === undefined) await ignoreMissing(client.delete(persistentVolumes, '', key, {}, signal))
        const fresh = await client.get(persistentVolumes, '', key, signal)
        if (hasFinalizer(fresh, csiVolumeFinalizer)) await removeFinalizer(context, persistentVolumes, fresh, csiVolumeFinalizer, signal)
        return done
      },
    )
  },
}

/** `delete`: the volume in the storage, then its object. `release`: only the object. Pure. */
export function planCsiReclaim({ metadata, spec, status }: PersistentVolume, isAttached: boolean): 'wait' | 'delete' | 'release' {
  const driver = spec.csi?.driver
  if (driver === undefined || driver === localDriver || metadata.annotations?.[provisionedBy] !== driver) return 'wait'
  const ending = metadata.deletionTimestamp !== undefined
  // Without the finalizer, whatever held the volume is done.
  if (ending && !hasFinalizer({ metadata }, csiVolumeFinalizer)) return 'wait'
  if (spec.persistentVolumeReclaimPolicy !== 'Delete') return ending && status?.phase !== 'Bound' ? 'release' : 'wait'
  return status?.phase === 'Released' && !isAttached ? 'delete' : 'wait'
}

async function deleteVolume(context: Context, drivers: CsiDrivers, volume: PersistentVolume, signal: AbortSignal): Promise<void> {
  const { driver = '', volumeHandle = '' } = volume.spec.csi ?? {}
  const node = nodeReaching(volume, each => context.informers.full(nodes).get('', each), drivers.nodesOf(driver))
  if (node === undefined) throw new CsiError(driver, 'DeleteVolume', 'UNAVAILABLE', 'it is on no ready node that reaches the volume')
  const { annotations = {} } = volume.metadata
  const [name, namespace] = [annotations[deletionSecretName], annotations[deletionSecretNamespace]]
  const reference = name === undefined || namespace === undefined ? undefined : { name, namespace }
  const secrets = await readCsiSecret(context, reference, signal)
  await drivers.call(driver, 'DeleteVolume', { volumeId: volumeHandle, secrets }, signal, node).catch((err: unknown) => {
    if (!(err instanceof CsiError && err.code === 'NOT_FOUND')) throw err
  })
}
