// Takes snapshots of volumes on nodes' disks: a key that is a copy, and a LocalVolume that the node copies. Deletes them, the key first.
import { isReason } from '../../api/status.ts'
import { localDriver, snapshotAnnotation } from '../../api/volumes/local-volume-names.ts'
import { contentProtection, snapshotGroup } from '../../api/volumes/snapshot-names.ts'
import type { VolumeSnapshotContent } from '../../api/volumes/snapshot-objects.ts'
import { formatTime } from '../../base/clock.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { localVolumes, nodes, persistentVolumeClaims, resourceQuotas } from '../../client/resources.ts'
import { type Context, type Controller, done, follow } from '../controller.ts'
import { addFinalizer, removeFinalizer } from '../finalizer.ts'
import { ignoreMissing } from '../missing-object.ts'
import { volumeSnapshotContents } from '../snapshots/snapshot-resources.ts'
import { localSnapshotIdentity } from './local-snapshot-identity.ts'
import { requestedBytes } from './provision-plan.ts'
import {
  type ContentStep,
  type ContentView,
  isOfLocalDriver,
  isSnapshotIn,
  localSnapshotName,
  planContent,
  retained,
} from './snapshot-content-plan.ts'

/** What failed may succeed when there is room again. */
const lookAgainMs = 30_000
const bySnapshot = 'local snapshot'

const nameOf = (content: VolumeSnapshotContent): string[] => {
  const name = isOfLocalDriver(content) ? localSnapshotName(content) : undefined
  return name === undefined ? [] : [name]
}

export const localVolumeSnapshotter: Controller = {
  name: 'local-volume-snapshotter',
  eventSource: localDriver,
  identity: localSnapshotIdentity,
  watches: volumeSnapshotContents,
  // One after the other: each counts what the ones before it take of the quota.
  workers: 1,
  follows: [
    follow({
      resource: localVolumes,
      keys: ({ metadata }, { informers }) =>
        metadata.annotations?.[snapshotAnnotation] === undefined
          ? []
          : informers
              .full(volumeSnapshotContents)
              .byIndex(bySnapshot, metadata.name ?? '')
              .map(content => content.metadata.name ?? ''),
    }),
    follow({ resource: nodes, keys: () => [] }),
    follow({ resource: resourceQuotas, keys: () => [] }),
    follow({ resource: persistentVolumeClaims, keys: () => [] }),
  ],
  begin(context) {
    const { informers } = context
    informers.full(volumeSnapshotContents).addIndex(bySnapshot, nameOf)
    /** Bytes of snapshots that were made just now, which the cache may not show yet, by name. */
    const made = new Map<string, { readonly namespace: string; readonly bytes: number }>()
    return async (key, signal) => {
      const content = informers.full(volumeSnapshotContents).getByKey(key)
      if (content === undefined || !isOfLocalDriver(content)) return done
      const step = planContent(viewOf(context, content, made))
      await apply(context, content, step, signal)
      if (step.step === 'make') {
        const { namespace = '' } = content.spec.volumeSnapshotRef
        made.set(step.localVolume.metadata.name ?? '', { namespace, bytes: step.localVolume.spec.bytes })
      }
      return step.step === 'failed' ? { requeueAfterMs: lookAgainMs } : done
    }
  },
}

function viewOf(
  { informers }: Context,
  content: VolumeSnapshotContent,
  made: Map<string, { readonly namespace: string; readonly bytes: number }>,
): ContentView {
  const cache = informers.full(localVolumes)
  const { namespace = '' } = content.spec.volumeSnapshotRef
  const own = localSnapshotName(content) ?? ''
  const source = cache.get('', content.spec.source.volumeHandle ?? '')
  for (const name of made.keys()) if (cache.get('', name) !== undefined) made.delete(name)
  return {
    content,
    source,
    localVolume: cache.get('', own),
    hasNode: source !== undefined && informers.full(nodes).get('', source.spec.nodeName) !== undefined,
    quotas: informers.full(resourceQuotas).list(namespace),
    otherBytes: () => {
      let bytes = 0
      for (const claim of informers.full(persistentVolumeClaims).list(namespace)) bytes += requestedBytes(claim)
      for (const volume of cache.list()) if (volume.metadata.name !== own && isSnapshotIn(volume, namespace)) bytes += volume.spec.bytes
      for (const [name, one] of made) if (name !== own && one.namespace === namespace) bytes += one.bytes
      return bytes
    },
  }
}

async function apply(context: Context, content: VolumeSnapshotContent, step: ContentStep, signal: AbortSignal): Promise<void> {
  const { client, clock, events, informers, settings } = context
  const name = localSnapshotName(content) ?? ''
  switch (step.step) {
    case 'wait':
      return
    case 'protect':
      await addFinalizer(context, volumeSnapshotContents, content, contentProtection, signal)
      return
    case 'make': {
      const { spec } = step.localVolume
      // First, so that no copy waits for a key that nobody makes.
      if (spec.encryption === 'required') await settings.volumeKeys.copy(name, spec.source ?? '', signal)
      await client.create(localVolumes, '', step.localVolume, signal).catch((err: unknown) => {
        if (!isReason(err, 'AlreadyExists')) throw err
      })
      return
    }
    case 'status':
      await client.updateStatus(volumeSnapshotContents, { ...content, status: step.status }, signal)
      return
    case 'failed': {
      if (content.status?.error?.message === step.message) return
      const error = { message: step.message, time: formatTime(clock.now()) }
      events.record(referenceTo(content, `${snapshotGroup}/v1`, 'VolumeSnapshotContent'), 'Warning', 'SnapshotCreationFailed', step.message)
      await client.updateStatus(volumeSnapshotContents, { ...content, status: { ...content.status, readyToUse: false, error } }, signal)
      return
    }
    case 'release':
      await removeFinalizer(context, volumeSnapshotContents, content, contentProtection, signal)
      return
    case 'retain': {
      const kept = informers.full(localVolumes).get('', name)
      if (kept?.metadata.annotations?.[snapshotAnnotation] !== undefined) await client.update(localVolumes, retained(kept), signal)
      await removeFinalizer(context, volumeSnapshotContents, content, contentProtection, signal)
      return
    }
    case 'erase':
      await settings.volumeKeys.erase(name, signal)
      await ignoreMissing(client.delete(localVolumes, '', name, {}, signal))
      await removeFinalizer(context, volumeSnapshotContents, content, contentProtection, signal)
  }
}
