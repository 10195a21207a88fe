// Carries out requests for snapshots up to the point where a driver has work: binds VolumeSnapshots and their contents, and protects what a
// snapshot is taken of.
import { isReason } from '../../api/status.ts'
import type { PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import { claimSourceProtection, snapshotGroup } from '../../api/volumes/snapshot-names.ts'
import type { VolumeSnapshot } from '../../api/volumes/snapshot-objects.ts'
import { formatTime } from '../../base/clock.ts'
import { keyOf, makeKey } from '../../client/cache/object-key.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { persistentVolumeClaims, persistentVolumes } from '../../client/resources.ts'
import { type Context, type Controller, done, follow } from '../controller.ts'
import { addFinalizer, removeFinalizer } from '../finalizer.ts'
import { ignoreMissing } from '../missing-object.ts'
import { OtherController } from '../volumes/other-controller.ts'
import { snapshotIdentity } from './snapshot-identity.ts'
import { contentName, planSnapshot, restoredFrom, type SnapshotStep, type SnapshotView } from './snapshot-plan.ts'
import { volumeSnapshotClasses, volumeSnapshotContents, volumeSnapshots } from './snapshot-resources.ts'

/** What failed may succeed after a change of another object. */
const lookAgainMs = 15_000
/** A snapshot may wait for a restored claim that gets its volume. */
const inUseMs = 5_000

const bySource = 'source claim'
const byRestore = 'restored from'

const sourceClaim = ({ metadata, spec }: VolumeSnapshot): string[] =>
  spec.source.persistentVolumeClaimName === undefined ? [] : [makeKey(metadata.namespace ?? '', spec.source.persistentVolumeClaimName)]

const restored = (claim: PersistentVolumeClaim): string[] => {
  const key = restoredFrom(claim)
  return key === undefined ? [] : [key]
}

export const snapshot: Controller = {
  name: 'snapshot-controller',
  identity: snapshotIdentity,
  watches: volumeSnapshots,
  follows: [
    follow({
      resource: volumeSnapshotContents,
      keys: ({ spec }) => [makeKey(spec.volumeSnapshotRef.namespace ?? '', spec.volumeSnapshotRef.name ?? '')],
    }),
    follow({ resource: volumeSnapshotClasses, keys: () => [] }),
    follow({
      resource: persistentVolumeClaims,
      keys: (claim, { informers }) => [
        ...restored(claim),
        ...informers
          .full(volumeSnapshots)
          .byIndex(bySource, keyOf(claim))
          .filter(({ status }) => status?.readyToUse !== true)
          .map(keyOf),
      ],
    }),
    follow({ resource: persistentVolumes, keys: () => [] }),
  ],
  begin(context) {
    const { client, informers, clock } = context
    informers.full(volumeSnapshots).addIndex(bySource, sourceClaim)
    informers.full(persistentVolumeClaims).addIndex(byRestore, restored)
    const other = new OtherController(client, clock)
    return async (key, signal) => {
      const found = informers.full(volumeSnapshots).getByKey(key)
      if (found === undefined) return done
      // A snapshot-controller that somebody installed does the same work for the same objects.
      if (await other.holds('kube-system', 'snapshot-controller-leader', signal)) return { requeueAfterMs: lookAgainMs }
      const step = planSnapshot(viewOf(context, found))
      await apply(context, found, step, signal)
      if (step.step === 'failed') return { requeueAfterMs: lookAgainMs }
      return step.step === 'wait' && found.metadata.deletionTimestamp !== undefined ? { requeueAfterMs: inUseMs } : done
    }
  },
}

function viewOf({ informers, clock }: Context, found: VolumeSnapshot): SnapshotView {
  const { namespace = '' } = found.metadata
  const source = found.spec.source.persistentVolumeClaimName
  const claim = source === undefined ? undefined : informers.full(persistentVolumeClaims).get(namespace, source)
  const others = source === undefined ? [] : informers.full(volumeSnapshots).byIndex(bySource, makeKey(namespace, source))
  return {
    snapshot: found,
    content: informers.full(volumeSnapshotContents).get('', contentName(found)),
    claim,
    volume: claim && informers.full(persistentVolumes).get('', claim.spec.volumeName ?? ''),
    classes: informers.full(volumeSnapshotClasses).list(),
    now: formatTime(clock.now()),
    isBeingRestored: informers.full(persistentVolumeClaims).byIndex(byRestore, keyOf(found)).length > 0,
    isClaimNeeded: others.some(
      other =>
        other.metadata.uid !== found.metadata.uid && other.status?.readyToUse !== true && other.metadata.deletionTimestamp === undefined,
    ),
  }
}

async function apply(context: Context, found: VolumeSnapshot, step: SnapshotStep, signal: AbortSignal): Promise<void> {
  const { client, informers, clock } = context
  const record = (type: 'Normal' | 'Warning', reason: string, message: string) =>
    context.events.record(referenceTo(found, `${snapshotGroup}/v1`, 'VolumeSnapshot'), type, reason, message)
  const claim = () =>
    informers.full(persistentVolumeClaims).get(found.metadata.namespace ?? '', found.spec.source.persistentVolumeClaimName ?? '')
  switch (step.step) {
    case 'wait':
      return
    case 'write': {
      const spec = step.className === undefined ? found.spec : { ...found.spec, volumeSnapshotClassName: step.className }
      await client.update(volumeSnapshots, { ...found, metadata: { ...found.metadata, finalizers: step.finalizers }, spec }, signal)
      return
    }
    case 'protect-claim': {
      const protectedOne = claim()
      if (protectedOne !== undefined) await addFinalizer(context, persistentVolumeClaims, protectedOne, claimSourceProtection, signal)
      context.enqueue(keyOf(found))
      return
    }
    case 'release-claim': {
      const released = claim()
      if (released !== undefined) await removeFinalizer(context, persistentVolumeClaims, released, claimSourceProtection, signal)
      context.enqueue(keyOf(found))
      return
    }
    case 'create-content':
      try {
        await client.create(volumeSnapshotContents, '', step.content, signal)
      } catch (err) {
        if (!isReason(err, 'AlreadyExists')) throw err
      }
      record('Normal', 'CreatingSnapshot', `Waiting for a snapshot ${keyOf(found)} to be created by the CSI driver.`)
      return
    case 'bind-content':
    case 'mark-content':
      await client.update(volumeSnapshotContents, step.content, signal)
      return
    case 'delete-content':
      await ignoreMissing(client.delete(volumeSnapshotContents, '', step.content.metadata.name ?? '', {}, signal))
      return
    case 'status':
      await client.updateStatus(volumeSnapshots, { ...found, status: step.status }, signal)
      if (found.status?.readyToUse !== true && step.status.readyToUse === true)
        record('Normal', 'SnapshotReady', `Snapshot ${keyOf(found)} is ready to use.`)
      return
    case 'failed':
      record('Warning', step.reason, step.message)
      if (found.status?.error?.message === step.message) return
      await client.updateStatus(
        volumeSnapshots,
        { ...found, status: { ...found.status, readyToUse: false, error: { message: step.message, time: formatTime(clock.now()) } } },
        signal,
      )
  }
}
