// What a claim of a volume on a node's disk is to be filled with. Sources are of the claim's own namespace, and both a snapshot and its content
// must name each other: a tenant who writes the names of others gets nothing of theirs.
import type { PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import { localDriver } from '../../api/volumes/local-volume-names.ts'
import { snapshotGroup } from '../../api/volumes/snapshot-names.ts'
import { localVolumes, persistentVolumeClaims, persistentVolumes } from '../../client/resources.ts'
import type { Context } from '../controller.ts'
import { ignoreMissing } from '../missing-object.ts'
import { contentName, restorableContent } from '../snapshots/snapshot-plan.ts'
import { volumeSnapshotContents, volumeSnapshots } from '../snapshots/snapshot-resources.ts'
import type { ClaimSource } from './provision-plan.ts'

const refused = (message: string): ClaimSource => ({ state: 'refused', message })
const pending = (message: string): ClaimSource => ({ state: 'pending', message })

/** Undefined if the claim names none. */
export async function readClaimSource(
  context: Context,
  claim: PersistentVolumeClaim,
  signal: AbortSignal,
): Promise<ClaimSource | undefined> {
  const source = claim.spec.dataSourceRef ?? claim.spec.dataSource
  if (source == null) return undefined
  const { namespace = '' } = claim.metadata
  const given = claim.spec.dataSourceRef?.namespace ?? ''
  if (given !== '' && given !== namespace) return refused('a source in another namespace is not supported')
  const { kind, name } = source
  const apiGroup = source.apiGroup ?? ''
  if (apiGroup === '' && kind === 'PersistentVolumeClaim') return ofClaim(context, namespace, name)
  if (apiGroup === snapshotGroup && kind === 'VolumeSnapshot') return await ofSnapshot(context, namespace, name, signal)
  return refused(`dataSource of kind ${kind}.${apiGroup} is not supported, VolumeSnapshot.${snapshotGroup} and PersistentVolumeClaim are`)
}

function ofClaim({ informers }: Context, namespace: string, name: string): ClaimSource {
  const found = informers.full(persistentVolumeClaims).get(namespace, name)
  if (found === undefined) return pending(`dataSource: persistentvolumeclaim "${name}" not found`)
  if (found.metadata.deletionTimestamp !== undefined) return refused(`dataSource: persistentvolumeclaim "${name}" is being deleted`)
  const volume = informers.full(persistentVolumes).get('', found.spec.volumeName ?? '')
  if (found.status?.phase !== 'Bound' || volume?.spec.claimRef?.uid !== found.metadata.uid)
    return pending(`dataSource: persistentvolumeclaim "${name}" is not bound`)
  if (volume?.spec.csi?.driver !== localDriver)
    return refused(`dataSource: the volume of persistentvolumeclaim "${name}" is not one of ${localDriver}`)
  return localVolumeOf(informers, volume.spec.csi.volumeHandle)
}

async function ofSnapshot(context: Context, namespace: string, name: string, signal: AbortSignal): Promise<ClaimSource> {
  const { client, informers } = context
  // Missing also where snapshots are not defined.
  const snapshot = await ignoreMissing(client.get(volumeSnapshots, namespace, name, signal))
  if (snapshot === undefined) return pending(`dataSource: volumesnapshot "${name}" not found`)
  if (snapshot.metadata.deletionTimestamp !== undefined) return refused(`dataSource: volumesnapshot "${name}" is being deleted`)
  const content = restorableContent(snapshot, await ignoreMissing(client.get(volumeSnapshotContents, '', contentName(snapshot), signal)))
  if (content === undefined) return pending(`dataSource: volumesnapshot "${name}" is not ready to use`)
  if (content.spec.driver !== localDriver) return refused(`dataSource: volumesnapshot "${name}" is not one of ${localDriver}`)
  return localVolumeOf(informers, content.status?.snapshotHandle ?? '')
}

function localVolumeOf(informers: Context['informers'], handle: string): ClaimSource {
  const found = informers.full(localVolumes).get('', handle)
  if (found === undefined || found.metadata.deletionTimestamp !== undefined) return refused(`dataSource: LocalVolume "${handle}" is gone`)
  return found.status?.phase === 'Ready'
    ? { state: 'ready', localVolume: found }
    : pending(`dataSource: LocalVolume "${handle}" is not ready`)
}
