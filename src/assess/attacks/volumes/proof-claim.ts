// A claim of the attacks on a node, and the end of its volume.
import { isReason } from '../../../api/status.ts'
import { localClassName } from '../../../api/volumes/local-volume-names.ts'
import { selectedNode } from '../../../client/cache/volume-match.ts'
import { localVolumes, persistentVolumeClaims, persistentVolumes } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { within } from '../../until.ts'

const waitMs = 60_000
const pollMs = 100

/** The name of the LocalVolume that the claim gets; undefined if it gets none. Its volume is made without waiting for a pod. */
export async function claimVolume(
  { client, clock }: ProofContext,
  namespace: ProofNamespace,
  name: string,
  node: string,
  storage: string,
  signal: AbortSignal,
  volumeMode: 'Filesystem' | 'Block' = 'Filesystem',
): Promise<string | undefined> {
  const claim = await client.create(
    persistentVolumeClaims,
    namespace.name,
    {
      metadata: { name, annotations: { [selectedNode]: node } },
      spec: { storageClassName: localClassName, accessModes: ['ReadWriteOnce'], volumeMode, resources: { requests: { storage } } },
    },
    signal,
  )
  const volume = `pvc-${claim.metadata.uid}`
  const isThere = async () => ((await isMissing(client.get(localVolumes, '', volume, signal))) ? undefined : volume)
  return await within(waitMs, clock, isThere, signal, pollMs)
}

/** Whether the volume ended with its claim. */
export async function eraseVolume(
  { client, clock }: ProofContext,
  namespace: ProofNamespace,
  name: string,
  volume: string,
  signal: AbortSignal,
): Promise<boolean> {
  await client.delete(persistentVolumeClaims, namespace.name, name, {}, signal)
  // Until the PersistentVolume is gone, its end is repeated: it would end a LocalVolume of this name that is made anew.
  const isGone = async () =>
    (await isMissing(client.get(localVolumes, '', volume, signal))) && (await isMissing(client.get(persistentVolumes, '', volume, signal)))
      ? true
      : undefined
  return (await within(waitMs, clock, isGone, signal, pollMs)) === true
}

async function isMissing(read: Promise<unknown>): Promise<boolean> {
  try {
    await read
    return false
  } catch (err) {
    if (isReason(err, 'NotFound')) return true
    throw err
  }
}
