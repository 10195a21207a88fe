// Expands claims on nodes' disks. Conditions and events are worded as upstream's external resizer's.
import type { PersistentVolumeClaim, PersistentVolumeClaimStatus } from '../../api/types/core-v1.ts'
import { localDriver } from '../../api/volumes/local-volume-names.ts'
import { formatTime } from '../../base/clock.ts'
import { claimKeys } from '../../client/cache/volume-index.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { localVolumes, persistentVolumeClaims, persistentVolumes, resourceQuotas } from '../../client/resources.ts'
import { type Context, type Controller, done, follow } from '../controller.ts'
import { claimsOfLocalVolumes } from './claims-of-local-volumes.ts'
import { localVolumeIdentity } from './local-volume-identity.ts'
import { localVolumeName, requestedBytes } from './provision-plan.ts'
import { planResize, type ResizeStep, type ResizeView } from './resize-plan.ts'
import { isSnapshotIn } from './snapshot-content-plan.ts'
import { whyAboveQuota } from './storage-quota.ts'

/** A full disk may have room later. */
const lookAgainMs = 60_000

export const localVolumeResizer: Controller = {
  name: 'local-volume-resizer',
  eventSource: `external-resizer ${localDriver}`,
  identity: localVolumeIdentity,
  watches: persistentVolumeClaims,
  follows: [
    claimsOfLocalVolumes,
    follow({ resource: persistentVolumes, keys: claimKeys }),
    follow({ resource: resourceQuotas, keys: () => [] }),
  ],
  begin(context) {
    const { informers } = context
    const claims = informers.full(persistentVolumeClaims)
    const made = informers.full(localVolumes)
    const quotas = informers.full(resourceQuotas)
    /** Sizes of LocalVolumes that the cache does not show yet. */
    const granted = new Map<string, number>()
    const otherBytes = (own: PersistentVolumeClaim): number => {
      const { namespace = '', uid } = own.metadata
      let bytes = 0
      for (const claim of claims.list(namespace)) {
        if (claim.metadata.uid === uid) continue
        const name = localVolumeName(claim)
        // What a claim has, and not what it waits for: claims that grow share what is left.
        const has = granted.get(name) ?? made.get('', name)?.spec.bytes
        bytes += has ?? ((claim.spec.volumeName ?? '') === '' ? 0 : requestedBytes(claim))
      }
      for (const volume of made.list()) if (isSnapshotIn(volume, namespace)) bytes += volume.spec.bytes
      return bytes
    }
    return async (key, signal) => {
      const claim = claims.getByKey(key)
      const volume = claim && informers.full(persistentVolumes).get('', claim.spec.volumeName ?? '')
      if (claim === undefined || volume?.spec.csi?.driver !== localDriver || volume.spec.claimRef?.uid !== claim.metadata.uid) return done
      const { volumeHandle } = volume.spec.csi
      const localVolume = made.get('', volumeHandle)
      if (localVolume === undefined) return done
      if (localVolume.spec.bytes >= (granted.get(volumeHandle) ?? 0)) granted.delete(volumeHandle)
      const { namespace = '' } = claim.metadata
      const view: ResizeView = {
        ...{ claim, volume, localVolume },
        whyAboveQuota: () => whyAboveQuota(quotas.list(namespace), requestedBytes(claim), () => otherBytes(claim), 'claim'),
      }
      const step = planResize(view)
      if (step.step === 'grow') granted.set(volumeHandle, step.bytes)
      try {
        await apply(context, view, step, signal)
      } catch (err) {
        if (step.step === 'grow') granted.delete(volumeHandle)
        throw err
      }
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
