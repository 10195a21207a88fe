// A snapshot of the attacks on a claim's volume, and its end.
import { isReason } from '../../../api/status.ts'
import { snapshotGroup } from '../../../api/volumes/snapshot-names.ts'
import type { VolumeSnapshot } from '../../../api/volumes/snapshot-objects.ts'
import { resourceRef } from '../../../client/resource-ref.ts'
import { localVolumes } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { within } from '../../until.ts'

const waitMs = 60_000
const pollMs = 100

export const volumeSnapshots = resourceRef<VolumeSnapshot>(snapshotGroup, 'v1', 'volumesnapshots', 'VolumeSnapshot')

export interface ProofSnapshot {
  /** Of its LocalVolume. */
  readonly volume: string
  readonly content: string
}

/** Undefined if it does not become ready. */
export async function takeSnapshot(
  { client, clock }: ProofContext,
  namespace: ProofNamespace,
  name: string,
  claim: string,
  signal: AbortSignal,
): Promise<ProofSnapshot | undefined> {
  const spec = { source: { persistentVolumeClaimName: claim } }
  await client.create(volumeSnapshots, namespace.name, { metadata: { name }, spec }, signal)
  const isReady = async () => {
    const { metadata, status } = await client.get(volumeSnapshots, namespace.name, name, signal)
    return status?.readyToUse === true
      ? { volume: `snap-${metadata.uid}`, content: status.boundVolumeSnapshotContentName ?? '' }
      : undefined
  }
  return await within(waitMs, clock, isReady, signal, pollMs)
}

/** Whether the snapshot's volume ended with it. */
export async function eraseSnapshot(
  { client, clock }: ProofContext,
  namespace: ProofNamespace,
  name: string,
  volume: string,
  signal: AbortSignal,
): Promise<boolean> {
  await client.delete(volumeSnapshots, namespace.name, name, {}, signal)
  const isGone = async () => {
    try {
      await client.get(localVolumes, '', volume, signal)
      return undefined
    } catch (err) {
      if (isReason(err, 'NotFound')) return true
      throw err
    }
  }
  return (await within(waitMs, clock, isGone, signal, pollMs)) === true
}
