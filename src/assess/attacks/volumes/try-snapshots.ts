// Who gets what a snapshot holds: its node gets the key as long as the snapshot exists, and no other namespace gets its content.

import { localClassName } from '../../../api/volumes/local-volume-names.ts'
import { snapshotGroup } from '../../../api/volumes/snapshot-names.ts'
import { selectedNode } from '../../../client/cache/volume-match.ts'
import { localVolumes, persistentVolumeClaims } from '../../../client/resources.ts'
import type { ClusterKeys } from '../../cluster-keys.ts'
import type { ProofContext } from '../../proof.ts'
import { ProofNamespace } from '../../proof-namespace.ts'
import { within } from '../../until.ts'
import { keyQuestion, nodeCertificate, nodeHeaders, untilVolumeIsSeen } from './key-request.ts'
import { claimVolume, eraseVolume } from './proof-claim.ts'
import { eraseSnapshot, takeSnapshot, volumeSnapshots } from './proof-snapshot.ts'

const claim = 'snapshots'
const name = 'taken'
const waitMs = 30_000
const pollMs = 100

/** `node` is one of the cluster's. Rejects if no snapshot could be taken. */
export async function trySnapshots(
  context: ProofContext,
  keys: ClusterKeys,
  namespace: ProofNamespace,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  const { attempts, client, clock, transport } = context
  const source = await claimVolume(context, namespace, claim, node, '1Mi', signal)
  const snapshot = source === undefined ? undefined : await takeSnapshot(context, namespace, name, claim, signal)
  if (source === undefined || snapshot === undefined) throw new Error('no snapshot was taken of a claim of the default class')
  const { volume } = snapshot
  const now = clock.now()
  const [own, other] = await Promise.all([nodeCertificate(node, keys.client, now), nodeCertificate(namespace.name, keys.client, now)])
  const headers = nodeHeaders(node)
  const genuine = keyQuestion({ volume, headers, ...own })
  const key = genuine.open(await attempts.accepted('the node of the snapshot', transport, genuine.request, signal))
  attempts.record({
    ...{ name: 'a snapshot is encrypted', sent: genuine.request.path, expected: 'a key of 64 bytes' },
    ...{ answered: key === undefined ? 'no key' : `${key.length} bytes`, held: key?.length === 64 },
  })
  key?.fill(0)
  const refused = async (who: string, options: Omit<Parameters<typeof keyQuestion>[0], 'volume'>, names: string) => {
    await attempts.refused(who, transport, keyQuestion({ volume, ...options }).request, { names }, signal)
  }
  await refused("an administrator, for a snapshot's key", own, 'only the node of a volume may have its key')
  await refused(
    "another node, for a snapshot's key",
    { headers: nodeHeaders(namespace.name), ...other },
    'cannot create resource "localvolumes/key"',
  )
  await tryTheft(context, snapshot.content, node, signal)
  const isErased = await eraseSnapshot(context, namespace, name, volume, signal)
  attempts.record({
    ...{ name: 'what a snapshot holds ends with it', sent: `DELETE volumesnapshots/${name}`, expected: 'no LocalVolume' },
    ...{ answered: isErased ? 'no LocalVolume' : 'it stays', held: isErased },
  })
  // Whoever brings the object back, as an old backup does, brings no key back.
  await client.create(localVolumes, '', { metadata: { name: volume }, spec: { nodeName: node, bytes: 1, encryption: 'required' } }, signal)
  try {
    await untilVolumeIsSeen(context, keyQuestion({ volume, headers, ...own }), signal)
    await refused('its node, after the snapshot was erased', { headers, ...own }, 'it was erased, or never made')
  } finally {
    await client.delete(localVolumes, '', volume, {}, signal)
  }
  await eraseVolume(context, namespace, claim, source, signal)
}

/** Another namespace names the content of the snapshot, and restores from that. */
async function tryTheft(context: ProofContext, content: string, node: string, signal: AbortSignal): Promise<void> {
  const { attempts, client, clock } = context
  await using thief = await ProofNamespace.create(context, 'T1', signal)
  const spec = { source: { volumeSnapshotContentName: content } }
  await client.create(volumeSnapshots, thief.name, { metadata: { name }, spec }, signal)
  const made = await client.create(
    persistentVolumeClaims,
    thief.name,
    {
      metadata: { name: 'stolen', annotations: { [selectedNode]: node } },
      spec: {
        storageClassName: localClassName,
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Mi' } },
        dataSource: { apiGroup: snapshotGroup, kind: 'VolumeSnapshot', name },
      },
    },
    signal,
  )
  const decided = async () => {
    const { status } = await client.get(volumeSnapshots, thief.name, name, signal)
    return status?.error?.message ?? (status?.readyToUse === true ? 'ready to use' : undefined)
  }
  const said = (await within(waitMs, clock, decided, signal, pollMs)) ?? 'nothing'
  const bound = 'is bound to a different snapshot'
  attempts.record({
    ...{ name: 'a snapshot of another namespace, by its content', sent: `VolumeSnapshot of ${content}`, expected: bound },
    ...{ answered: said, held: said.includes(bound) },
  })
  const volumes = await client.listAll(localVolumes, { fieldSelector: `spec.nodeName=${node}` }, signal)
  const isStolen = volumes.some(({ metadata }) => metadata.name === `pvc-${made.metadata.uid}`)
  attempts.record({
    ...{ name: 'a claim restored from it', sent: 'PersistentVolumeClaim with it as its dataSource', expected: 'no volume' },
    ...{ answered: isStolen ? 'a volume' : 'no volume', held: !isStolen },
  })
}
