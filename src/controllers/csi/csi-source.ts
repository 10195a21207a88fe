// What the volume of a claim is to be filled with: of the claim's own namespace, and of the driver of its class.
import { integerValue, parseQuantity } from '../../api/quantity/quantity.ts'
import type { PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import { allowVolumeModeChange, snapshotGroup } from '../../api/volumes/snapshot-names.ts'
import { persistentVolumeClaims, persistentVolumes } from '../../client/resources.ts'
import type { Context } from '../controller.ts'
import { ignoreMissing } from '../missing-object.ts'
import { contentName, restorableContent } from '../snapshots/snapshot-plan.ts'
import { volumeSnapshotContents, volumeSnapshots } from '../snapshots/snapshot-resources.ts'
import type { CsiSource } from './provision-plan.ts'

/** Undefined if the claim names none; a text says why there is none yet. */
export async function readCsiSource(
  context: Context,
  claim: PersistentVolumeClaim,
  driver: string,
  signal: AbortSignal,
): Promise<CsiSource | string | undefined> {
  const source = claim.spec.dataSourceRef ?? claim.spec.dataSource
  if (source == null) return undefined
  const { namespace = '' } = claim.metadata
  const given = claim.spec.dataSourceRef?.namespace ?? ''
  if (given !== '' && given !== namespace) return 'a source in another namespace is not supported'
  const { kind, name } = source
  const apiGroup = source.apiGroup ?? ''
  if (apiGroup === '' && kind === 'PersistentVolumeClaim') return ofClaim(context, namespace, name, driver)
  if (apiGroup === snapshotGroup && kind === 'VolumeSnapshot') return await ofSnapshot(context, namespace, name, driver, signal)
  return `dataSource of kind ${kind}.${apiGroup} is not supported, VolumeSnapshot.${snapshotGroup} and PersistentVolumeClaim are`
}

function ofClaim({ informers }: Context, namespace: string, name: string, driver: string): CsiSource | string {
  const found = informers.full(persistentVolumeClaims).get(namespace, name)
  const volume = found && informers.full(persistentVolumes).get('', found.spec.volumeName ?? '')
  if (found === undefined) return `dataSource: persistentvolumeclaim "${name}" not found`
  if (found.metadata.deletionTimestamp !== undefined) return `dataSource: persistentvolumeclaim "${name}" is being deleted`
  if (found.status?.phase !== 'Bound' || volume === undefined || volume.spec.claimRef?.uid !== found.metadata.uid)
    return `dataSource: persistentvolumeclaim "${name}" is not bound`
  if (volume.spec.csi?.driver !== driver)
    return `dataSource: the volume of persistentvolumeclaim "${name}" is not one of driver "${driver}"`
  const bytes = Number(integerValue(parseQuantity(volume.spec.capacity?.['storage'] ?? '0')))
  return { kind: 'volume', handle: volume.spec.csi.volumeHandle, bytes, mode: volume.spec.volumeMode ?? 'Filesystem' }
}

async function ofSnapshot(
  context: Context,
  namespace: string,
  name: string,
  driver: string,
  signal: AbortSignal,
): Promise<CsiSource | string> {
  const { client } = context
  // Missing also where snapshots are not defined.
  const snapshot = await ignoreMissing(client.get(volumeSnapshots, namespace, name, signal))
  if (snapshot === undefined) return `dataSource: volumesnapshot "${name}" not found`
  if (snapshot.metadata.deletionTimestamp !== undefined) return `dataSource: volumesnapshot "${name}" is being deleted`
  const content = restorableContent(snapshot, await ignoreMissing(client.get(volumeSnapshotContents, '', contentName(snapshot), signal)))
  if (content === undefined) return `dataSource: volumesnapshot "${name}" is not ready to use`
  if (content.spec.driver !== driver) return `dataSource: volumesnapshot "${name}" is not one of driver "${driver}"`
  return {
    kind: 'snapshot',
    handle: content.status?.snapshotHandle ?? '',
    bytes: content.status?.restoreSize ?? 0,
    mode: content.spec.sourceVolumeMode,
    mayChangeMode: content.metadata.annotations?.[allowVolumeModeChange] === 'true',
  }
}
