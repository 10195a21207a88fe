// Who gets the key of a volume: its node, as long as the volume exists, and nobody else.
import { localVolumes } from '../../../client/resources.ts'
import type { ClusterKeys } from '../../cluster-keys.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { request } from '../../request.ts'
import { keyQuestion, nodeCertificate, nodeHeaders, untilVolumeIsSeen } from './key-request.ts'
import { claimVolume, eraseVolume } from './proof-claim.ts'

const claim = 'keys'

/** `node` is one of the cluster's. Rejects if no volume could be made. */
export async function tryKeys(
  context: ProofContext,
  keys: ClusterKeys,
  namespace: ProofNamespace,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  const { attempts, client, clock, transport } = context
  const volume = await claimVolume(context, namespace, claim, node, '1Mi', signal)
  if (volume === undefined) throw new Error('no volume was made for a claim of the default class')
  const now = clock.now()
  const stranger = namespace.name
  const [own, other, self, clerk, expired] = await Promise.all([
    nodeCertificate(node, keys.client, now),
    nodeCertificate(stranger, keys.client, now),
    nodeCertificate(node, undefined, now),
    nodeCertificate(node, keys.client, now, { groups: 'system:masters' }),
    nodeCertificate(node, keys.client, now, { notAfter: now - 60_000 }),
  ])
  const headers = nodeHeaders(node)
  const genuine = keyQuestion({ volume, headers, ...own })
  const first = genuine.open(await attempts.accepted('the node of the volume', transport, genuine.request, signal))
  const again = keyQuestion({ volume, headers, ...own })
  const second = again.open(await request(transport, again.request, signal))
  const isKey = first?.length === 64 && second !== undefined && first.equals(second)
  attempts.record({
    ...{ name: 'the key is the same each time', sent: again.request.path, expected: '64 bytes, the same twice' },
    ...{ answered: isKey ? 'the same' : 'another key, or none', held: isKey },
  })
  const refused = async (name: string, options: Omit<Parameters<typeof keyQuestion>[0], 'volume'>, names: string) => {
    await attempts.refused(name, transport, keyQuestion({ volume, ...options }).request, { names }, signal)
  }
  await refused('an administrator', own, 'only the node of a volume may have its key')
  await refused('another node', { headers: nodeHeaders(stranger), ...other }, 'cannot create resource "localvolumes/key"')
  await refused("the server, with another node's certificate", { headers, ...other }, 'does not belong to')
  await refused('whoever has the certificate and not its key', { headers, certificate: own.certificate, key: other.key }, 'is not signed')
  await refused('a certificate of another authority', { headers, ...self }, 'is not a valid one of a node of this cluster')
  await refused('a certificate of no node', { headers, ...clerk }, 'is not a valid one of a node of this cluster')
  await refused('an expired certificate', { headers, ...expired }, 'is not a valid one of a node of this cluster')
  await refused('a request for another volume', { headers, ...own, signed: `${volume}x` }, 'is not signed')
  const isErased = await eraseVolume(context, namespace, claim, volume, signal)
  attempts.record({
    ...{ name: 'the volume ends with its claim', sent: `DELETE persistentvolumeclaims/${claim}`, expected: 'no LocalVolume' },
    ...{ answered: isErased ? 'no LocalVolume' : 'it stays', held: isErased },
  })
  // Whoever brings the object back, as an old backup does, brings no key back.
  await client.create(localVolumes, '', { metadata: { name: volume }, spec: { nodeName: node, bytes: 1, encryption: 'required' } }, signal)
  try {
    await untilVolumeIsSeen(context, keyQuestion({ volume, headers, ...own }), signal)
    await refused('its node, after the volume was erased', { headers, ...own }, 'it was erased, or never made')
  } finally {
    await client.delete(localVolumes, '', volume, {}, signal)
  }
}
