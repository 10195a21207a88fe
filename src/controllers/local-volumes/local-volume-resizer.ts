// Expands claims on nodes' disks. Conditions and events are worded as upstream's external resizer's.
import type { PersistentVolumeClaim, PersistentVolumeClaimStatus } from '../../api/types/core-v1.ts'
import { localDriver } from '../../api/volumes/local-volume-names.ts'
import { formatTime } from '../../base/clock.ts'
import { claimKeys } from '../../client/cache/volume-index.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { localVolumes, persistentVolumeClaims, persistentVolumes } from '../../client/resources.ts'
import { type Context, type Controller, done, follow } from '../controller.ts'
import { claimsOfLocalVolumes } from './claims-of-local-volumes.ts'
import { localVolumeIdentity } from './local-volume-identity.ts'
import { planResize, type ResizeStep, type ResizeView } from './resize-plan.ts'

/** A full disk may have room later. */
const lookAgainMs = 60_000

export const localVolumeResizer: Controller = {
  name: 'local-volume-resizer',
  eventSource: `external-resizer ${localDriver}`,
  identity: localVolumeIdentity,
  watches: persistentVolumeClaims,
  follows: [claimsOfLocalVolumes, follow({ resource: persistentVolumes, keys: claimKeys })],
  begin(context) {
    const { informers } = context
    return async (key, signal) => {
      const claim = informers.full(persistentVolumeClaims).getByKey(key)
      const volume = claim && informers.full(persistentVolumes).get('', claim.spec.volumeName ?? '')
      if (claim === undefined || volume?.spec.csi?.driver !== localDriver || volume.spec.claimRef?.uid !== claim.metadata.uid) return done
      const localVolume = informers.full(localVolumes).get('', volume.spec.csi.volumeHandle)
      if (localVolume === undefined) return done
      const step = planResize({ claim, volume, localVolume })
      await apply(context, { claim, volume, localVolume }, step, signal)
      return step.step === 'failed' ? { requeueAfterMs: lookAgainMs } : done
    }
  },
}

async function apply(context: Context, { claim, volume, localVolume }: ResizeView, step: ResizeStep, signal: AbortSignal): Promise<void> {
  const { client } = context
  switch (step.step) {
    case 'wait':
      return
    case 'grow':
      await client.update(localVolumes, { ...localVolume, spec: { ...localVolume.spec, bytes: step.bytes } }, signal)
      record(context, claim, 'Normal', 'Resizing', `External resizer is resizing volume ${volume.metadata.name}`)
      await writeStatus(context, claim, { ...claim.status, conditions: [...conditionsOf(claim), resizing(context)] }, signal)
      return
    case 'failed':
      record(context, claim, 'Warning', 'VolumeResizeFailed', `resize volume ${volume.metadata.name} failed: ${step.message}`)
      return
    case 'volume':
      await client.update(
        persistentVolumes,
        { ...volume, spec: { ...volume.spec, capacity: { ...volume.spec.capacity, storage: step.size } } },
        signal,
      )
      return
    case 'claim': {
      const capacity = { ...claim.status?.capacity, storage: step.size }
      await writeStatus(context, claim, { ...claim.status, capacity, conditions: conditionsOf(claim) }, signal)
      record(context, claim, 'Normal', 'VolumeResizeSuccessful', 'Resize volume succeeded')
    }
  }
}

/** Without those of a resize. */
const conditionsOf = ({ status }: PersistentVolumeClaim) =>
  (status?.conditions ?? []).filter(({ type }) => type !== 'Resizing' && type !== 'FileSystemResizePending')

const resizing = ({ clock }: Context) => ({
  type: 'Resizing',
  status: 'True',
  lastProbeTime: null,
  lastTransitionTime: formatTime(clock.now()),
})

async function writeStatus(
  { client }: Context,
  claim: PersistentVolumeClaim,
  status: PersistentVolumeClaimStatus,
  signal: AbortSignal,
): Promise<void> {
  await client.updateStatus(persistentVolumeClaims, { ...claim, status }, signal)
}

function record({ events }: Context, claim: PersistentVolumeClaim, type: 'Normal' | 'Warning', reason: string, message: string): void {
  events.record(referenceTo(claim, 'v1', 'PersistentVolumeClaim'), type, reason, message)
}
