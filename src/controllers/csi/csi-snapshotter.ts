// Takes and deletes snapshots with CSI drivers: upstream's csi-snapshotter. The name of a snapshot follows from its VolumeSnapshot, so that a
// repeated call finds the same one.
import { rule } from '../../api/policy-rule.ts'
import { isReason } from '../../api/status.ts'
import { contentProtection, deletionSecretName, deletionSecretNamespace, snapshotGroup } from '../../api/volumes/snapshot-names.ts'
import type { VolumeSnapshotContent, VolumeSnapshotContentStatus } from '../../api/volumes/snapshot-objects.ts'
import { formatTime } from '../../base/clock.ts'
import { CsiError } from '../../base/csi/csi-error.ts'
import type { CsiMessage } from '../../base/csi/csi-methods.ts'
import { messageOf } from '../../base/user-error.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { csiDrivers, csiNodes, nodes, persistentVolumes } from '../../client/resources.ts'
import { type Context, type Controller, done, follow } from '../controller.ts'
import { addFinalizer, removeFinalizer } from '../finalizer.ts'
import { volumeSnapshotClasses, volumeSnapshotContents } from '../snapshots/snapshot-resources.ts'
import { CsiDrivers, inObjectName } from './csi-drivers.ts'
import { csiRights } from './csi-rights.ts'
import { readCsiSecret } from './csi-secret.ts'
import { inDriverLanes, laneWorkers } from './driver-lanes.ts'
import { contentMark, planCsiContent } from './snapshot-content-plan.ts'
import { nodeReaching } from './topology.ts'

const lookAgainMs = 15_000
/** A driver that uploads a snapshot is asked again. */
const notReadyMs = 5_000
const byHandle = 'handle of a volume'
const prefix = 'csi.storage.k8s.io/'

export const csiSnapshotter: Controller = {
  name: 'csi-snapshotter',
  identity: {
    account: 'csi-snapshotter',
    own: true,
    rules: [
      ...csiRights,
      rule('get list watch update', snapshotGroup, 'volumesnapshotcontents'),
      rule('update', snapshotGroup, 'volumesnapshotcontents/status'),
      rule('get list watch', snapshotGroup, 'volumesnapshotclasses'),
      rule('get list watch', 'core', 'persistentvolumes'),
      rule('get', 'core', 'secrets'),
    ],
  },
  watches: volumeSnapshotContents,
  follows: [
    follow({ resource: volumeSnapshotClasses, keys: () => [] }),
    follow({ resource: persistentVolumes, keys: () => [] }),
    follow({ resource: csiDrivers, keys: () => [] }),
    follow({ resource: csiNodes, keys: () => [] }),
    follow({ resource: nodes, keys: () => [] }),
  ],
  workers: laneWorkers,
  begin(context) {
    const { informers } = context
    const drivers = new CsiDrivers(context, driver => `external-snapshotter-leader-${inObjectName(driver)}`)
    informers
      .full(persistentVolumes)
      .addIndex(byHandle, ({ spec }) => (spec.csi === undefined ? [] : [`${spec.csi.driver}/${spec.csi.volumeHandle}`]))
    return inDriverLanes(
      context,
      key => informers.full(volumeSnapshotContents).getByKey(key)?.spec.driver,
      async (key, signal) => {
        const content = informers.full(volumeSnapshotContents).getByKey(key)
        const step = content === undefined ? 'wait' : planCsiContent(content)
        if (content === undefined || step === 'wait') return done
        if (!(await drivers.serves(content.spec.driver, signal))) return { requeueAfterMs: lookAgainMs }
        try {
          return await carryOut(context, drivers, content, step, signal)
        } catch (err) {
          if (!(err instanceof CsiError) && !isReason(err, 'NotFound')) throw err
          await reportFailure(context, content, step, messageOf(err), signal)
          throw err
        }
      },
    )
  },
}

async function carryOut(
  context: Context,
  drivers: CsiDrivers,
  content: VolumeSnapshotContent,
  step: Exclude<ReturnType<typeof planCsiContent>, 'wait'>,
  signal: AbortSignal,
) {
  const { client } = context
  const { driver, source } = content.spec
  switch (step) {
    case 'protect':
      await addFinalizer(context, volumeSnapshotContents, content, contentProtection, signal)
      return done
    case 'mark':
      // A snapshot may exist from the first call on, whether an answer arrives or not.
      await client.update(volumeSnapshotContents, contentMark(content), signal)
      return done
    case 'release':
      await removeFinalizer(context, volumeSnapshotContents, content, contentProtection, signal)
      return done
    case 'adopt': {
      const handle = source.snapshotHandle ?? ''
      const status = { ...content.status, snapshotHandle: handle, readyToUse: true }
      await writeStatus(context, content, status, signal)
      return done
    }
    case 'create': {
      const taken = await take(context, drivers, content, signal)
      await writeStatus(context, content, statusOf(taken), signal)
      return taken.readyToUse ? done : { requeueAfterMs: notReadyMs }
    }
    case 'delete': {
      // Without a handle a call may have made the snapshot all the same: only the driver knows its handle.
      const handle = content.status?.snapshotHandle ?? source.snapshotHandle ?? (await take(context, drivers, content, signal)).snapshotId
      const secrets = await secretsOf(context, content, signal)
      await drivers
        .call(driver, 'DeleteSnapshot', { snapshotId: handle, secrets }, signal, placeOf(context, drivers, content))
        .catch((err: unknown) => {
          if (!(err instanceof CsiError && err.code === 'NOT_FOUND')) throw err
        })
      await removeFinalizer(context, volumeSnapshotContents, content, contentProtection, signal)
      return done
    }
  }
}

async function take(
  context: Context,
  drivers: CsiDrivers,
  content: VolumeSnapshotContent,
  signal: AbortSignal,
): Promise<CsiMessage<'Snapshot'>> {
  const { driver, source, volumeSnapshotClassName = '', volumeSnapshotRef } = content.spec
  const snapshotClass = context.informers.full(volumeSnapshotClasses).get('', volumeSnapshotClassName)
  const parameters = Object.fromEntries(Object.entries(snapshotClass?.parameters ?? {}).filter(([key]) => !key.startsWith(prefix)))
  const { controller } = await drivers.abilities(driver, signal)
  if (!controller.has('CREATE_DELETE_SNAPSHOT')) throw new CsiError(driver, 'CreateSnapshot', 'UNIMPLEMENTED', '')
  const { snapshot } = await drivers.call(
    driver,
    'CreateSnapshot',
    {
      sourceVolumeId: source.volumeHandle ?? '',
      name: `snapshot-${volumeSnapshotRef.uid}`,
      parameters,
      secrets: await secretsOf(context, content, signal),
    },
    signal,
    placeOf(context, drivers, content),
  )
  if (snapshot === undefined || snapshot.snapshotId === '')
    throw new CsiError(driver, 'CreateSnapshot', 'INTERNAL', 'the driver answered without a snapshot')
  return snapshot
}

const secretsOf = (context: Context, { metadata }: VolumeSnapshotContent, signal: AbortSignal) => {
  const [name, namespace] = [metadata.annotations?.[deletionSecretName], metadata.annotations?.[deletionSecretNamespace]]
  return readCsiSecret(context, name === undefined || namespace === undefined ? undefined : { name, namespace }, signal)
}

/** Where the driver has the volume; undefined if that is not known. */
function placeOf({ informers }: Context, drivers: CsiDrivers, { spec }: VolumeSnapshotContent): string | undefined {
  const [volume] = informers.full(persistentVolumes).byIndex(byHandle, `${spec.driver}/${spec.source.volumeHandle ?? ''}`)
  if (volume?.spec.nodeAffinity?.required === undefined) return undefined
  return nodeReaching(volume, name => informers.full(nodes).get('', name), drivers.nodesOf(spec.driver))
}

function statusOf({ snapshotId, readyToUse, sizeBytes, creationTime: time }: CsiMessage<'Snapshot'>): VolumeSnapshotContentStatus {
  return {
    snapshotHandle: snapshotId,
    readyToUse,
    ...(time === undefined ? {} : { creationTime: BigInt(time.seconds) * 1_000_000_000n + BigInt(time.nanos) }),
    ...(sizeBytes > 0 ? { restoreSize: sizeBytes } : {}),
  }
}

async function writeStatus(
  { client }: Context,
  content: VolumeSnapshotContent,
  status: VolumeSnapshotContentStatus,
  signal: AbortSignal,
): Promise<void> {
  await client.updateStatus(volumeSnapshotContents, { ...content, status }, signal)
}

async function reportFailure(
  context: Context,
  content: VolumeSnapshotContent,
  step: string,
  message: string,
  signal: AbortSignal,
): Promise<void> {
  const [reason, text] =
    step === 'delete'
      ? ['SnapshotDeleteError', `Failed to delete snapshot: ${message}`]
      : [
          'SnapshotCreationFailed',
          `Failed to check and update snapshot content: failed to take snapshot of the volume ${content.spec.source.volumeHandle}: ${message}`,
        ]
  context.events.record(referenceTo(content, `${snapshotGroup}/v1`, 'VolumeSnapshotContent'), 'Warning', reason, text)
  if (content.status?.error?.message === text) return
  const error = { message: text, time: formatTime(context.clock.now()) }
  await writeStatus(context, content, { ...content.status, readyToUse: content.status?.readyToUse ?? false, error }, signal)
}
