// Carries out VolumeAttachments of CSI drivers: upstream's external-attacher. The attachment and its volume keep a finalizer until the driver
// has detached the volume.
import { rule } from '../../api/policy-rule.ts'
import { isReason } from '../../api/status.ts'
import type { PersistentVolume } from '../../api/types/core-v1.ts'
import type { VolumeAttachment, VolumeAttachmentStatus } from '../../api/types/storage-v1.ts'
import { formatTime } from '../../base/clock.ts'
import { CsiError } from '../../base/csi/csi-error.ts'
import { messageOf } from '../../base/user-error.ts'
import { csiDrivers, csiNodes, nodes, persistentVolumes, volumeAttachments } from '../../client/resources.ts'
import { type Context, type Controller, done, follow } from '../controller.ts'
import { addFinalizer, hasFinalizer, removeFinalizer } from '../finalizer.ts'
import { CsiDrivers, inObjectName } from './csi-drivers.ts'
import { csiRights } from './csi-rights.ts'
import { readCsiSecret } from './csi-secret.ts'
import { inDriverLanes, laneWorkers } from './driver-lanes.ts'
import { attachedCapability } from './volume-capability.ts'

/** On an attachment: the driver's name of the node, for when the node is gone. Upstream's. */
const nodeIdAnnotation = 'csi.alpha.kubernetes.io/node-id'
const finalizerOf = (driver: string): string => `external-attacher/${inObjectName(driver).replaceAll('.', '-')}`
const lookAgainMs = 15_000
const maxMessage = 1000
const byVolume = 'volume of an attachment'

export const csiAttacher: Controller = {
  name: 'csi-attacher',
  identity: {
    account: 'csi-attacher',
    own: true,
    rules: [
      ...csiRights,
      rule('get list watch update', 'storage.k8s.io', 'volumeattachments'),
      rule('update', 'storage.k8s.io', 'volumeattachments/status'),
      rule('get list watch update', 'core', 'persistentvolumes'),
      rule('get', 'core', 'secrets'),
    ],
  },
  watches: volumeAttachments,
  follows: [
    follow({ resource: persistentVolumes, keys: () => [] }),
    follow({ resource: csiDrivers, keys: () => [] }),
    follow({ resource: csiNodes, keys: () => [] }),
    follow({ resource: nodes, keys: () => [] }),
  ],
  workers: laneWorkers,
  begin(context) {
    const { informers } = context
    const drivers = new CsiDrivers(context, driver => `external-attacher-leader-${inObjectName(driver)}`)
    informers
      .full(volumeAttachments)
      .addIndex(byVolume, ({ spec }) => (spec.source.persistentVolumeName === undefined ? [] : [spec.source.persistentVolumeName]))
    return inDriverLanes(
      context,
      key => informers.full(volumeAttachments).getByKey(key)?.spec.attacher,
      async (key, signal) => {
        const attachment = informers.full(volumeAttachments).getByKey(key)
        if (attachment === undefined) return done
        const { attacher: driver } = attachment.spec
        if (!(await drivers.serves(driver, signal))) return { requeueAfterMs: lookAgainMs }
        const ending = attachment.metadata.deletionTimestamp !== undefined
        if (ending ? !hasFinalizer(attachment, finalizerOf(driver)) : attachment.status?.attached === true) return done
        try {
          await (ending ? detach : attach)(context, drivers, attachment, signal)
        } catch (err) {
          if (!(err instanceof CsiError) && !isReason(err, 'NotFound')) throw err
          const error = { message: messageOf(err).slice(0, maxMessage), time: formatTime(context.clock.now()) }
          const status = attachment.status ?? { attached: false }
          await writeStatus(context, key, ending ? { ...status, detachError: error } : { ...status, attachError: error }, signal)
          throw err
        }
        return done
      },
    )
  },
}

async function attach(context: Context, drivers: CsiDrivers, attachment: VolumeAttachment, signal: AbortSignal): Promise<void> {
  const { informers } = context
  const { attacher: driver, nodeName, source } = attachment.spec
  const { controller, hasTopology } = await drivers.abilities(driver, signal)
  if (!controller.has('PUBLISH_UNPUBLISH_VOLUME'))
    return await writeStatus(context, attachment.metadata.name ?? '', { attached: true }, signal)
  const volume = informers.full(persistentVolumes).get('', source.persistentVolumeName ?? '')
  if (volume?.spec.csi?.driver !== driver)
    throw new CsiError(driver, 'ControllerPublishVolume', 'NOT_FOUND', 'the PersistentVolume is missing or of another driver')
  const nodeId = nodeIdOf(context, driver, nodeName)
  if (nodeId === undefined)
    throw new CsiError(driver, 'ControllerPublishVolume', 'NOT_FOUND', `node "${nodeName}" does not have the driver`)
  const finalizer = finalizerOf(driver)
  if (!hasFinalizer(volume, finalizer)) await addFinalizer(context, persistentVolumes, volume, finalizer, signal)
  const isMarked = hasFinalizer(attachment, finalizer) && attachment.metadata.annotations?.[nodeIdAnnotation] === nodeId
  if (!isMarked) {
    const { metadata } = attachment
    const finalizers = [...new Set([...(metadata.finalizers ?? []), finalizer])]
    const annotations = { ...metadata.annotations, [nodeIdAnnotation]: nodeId }
    await context.client.update(volumeAttachments, { ...attachment, metadata: { ...metadata, finalizers, annotations } }, signal)
  }
  const { publishContext } = await drivers.call(
    driver,
    'ControllerPublishVolume',
    {
      volumeId: volume.spec.csi.volumeHandle,
      nodeId,
      volumeCapability: attachedCapability({
        accessModes: volume.spec.accessModes ?? [],
        volumeMode: volume.spec.volumeMode ?? 'Filesystem',
        fsType: volume.spec.csi.fsType ?? '',
        mountOptions: volume.spec.mountOptions ?? [],
        knowsSinglePod: controller.has('SINGLE_NODE_MULTI_WRITER'),
      }),
      readonly: controller.has('PUBLISH_READONLY') && volume.spec.csi.readOnly === true,
      secrets: await readCsiSecret(context, volume.spec.csi.controllerPublishSecretRef, signal),
      volumeContext: volume.spec.csi.volumeAttributes ?? {},
    },
    signal,
    placeOf(drivers, driver, nodeName, hasTopology),
  )
  await writeStatus(context, attachment.metadata.name ?? '', { attached: true, attachmentMetadata: { ...publishContext } }, signal)
}

/** A driver whose volumes are of one node knows them there. */
const placeOf = (drivers: CsiDrivers, driver: string, node: string, hasTopology: boolean): string | undefined =>
  hasTopology && drivers.nodesOf(driver).includes(node) ? node : undefined

async function detach(context: Context, drivers: CsiDrivers, attachment: VolumeAttachment, signal: AbortSignal): Promise<void> {
  const { informers } = context
  const { attacher: driver, nodeName, source } = attachment.spec
  const { hasTopology } = await drivers.abilities(driver, signal)
  const volume = informers.full(persistentVolumes).get('', source.persistentVolumeName ?? '')
  const nodeId = attachment.metadata.annotations?.[nodeIdAnnotation] ?? nodeIdOf(context, driver, nodeName)
  const finalizer = finalizerOf(driver)
  if (volume?.spec.csi !== undefined && nodeId !== undefined) {
    const secrets = await readCsiSecret(context, volume.spec.csi.controllerPublishSecretRef, signal)
    const request = { volumeId: volume.spec.csi.volumeHandle, nodeId, secrets }
    await drivers
      .call(driver, 'ControllerUnpublishVolume', request, signal, placeOf(drivers, driver, nodeName, hasTopology))
      .catch((err: unknown) => {
        // Neither the volume nor the node is known: there is nothing to detach.
        if (!(err instanceof CsiError && err.code === 'NOT_FOUND')) throw err
      })
  }
  // The attachment goes last: what ends in between is done again for its sake.
  if (volume !== undefined && hasFinalizer(volume, finalizer) && !isHeldByOthers(context, volume, attachment))
    await removeFinalizer(context, persistentVolumes, volume, finalizer, signal)
  await removeFinalizer(context, volumeAttachments, attachment, finalizer, signal)
}

function isHeldByOthers({ informers }: Context, { metadata }: PersistentVolume, attachment: VolumeAttachment): boolean {
  const found = informers.full(volumeAttachments).byIndex(byVolume, metadata.name ?? '')
  return found.some(other => other.metadata.uid !== attachment.metadata.uid)
}

const nodeIdOf = ({ informers }: Context, driver: string, node: string): string | undefined =>
  informers
    .full(csiNodes)
    .get('', node)
    ?.spec.drivers?.find(({ name }) => name === driver)?.nodeID

async function writeStatus({ client }: Context, name: string, status: VolumeAttachmentStatus, signal: AbortSignal): Promise<void> {
  const fresh = await client.get(volumeAttachments, '', name, signal)
  await client.updateStatus(volumeAttachments, { ...fresh, status }, signal)
}
