// Gets the key of a volume of this node: from the signer, through the API server, which cannot read it.
import { createPrivateKey } from 'node:crypto'
import type { LocalVolumeKey } from '../../api/types/bulkhead-v1alpha1.ts'
import { openSealedKey } from '../../base/crypto/sealed-key.ts'
import { signVolumeKeyRequest, volumeKeyPurpose } from '../../base/crypto/volume-key-request.ts'
import { newX25519KeyPair } from '../../base/crypto/x25519.ts'
import type { Client } from '../../client/client.ts'
import { localVolumes } from '../../client/resources.ts'
import type { NodeIdentity } from '../registration/identity-file.ts'

/** 64 bytes; the caller overwrites them after use. Rejects if the key is another node's, or erased. */
export type VolumeKeySource = (volume: string, signal: AbortSignal) => Promise<Buffer>

const volumeKeyBytes = 64
const mostMs = 10_000

export function volumeKeySource(client: Client, identity: () => NodeIdentity): VolumeKeySource {
  return async (volume, signal) => {
    const pair = newX25519KeyPair()
    const { certificate, key } = identity()
    const spec = {
      publicKey: pair.publicKey.toString('base64'),
      // The leaf is enough for the signer.
      certificate: certificate.slice(0, certificate.indexOf('-----END CERTIFICATE-----') + 25),
      signature: signVolumeKeyRequest(volume, pair.publicKey, createPrivateKey(key)).toString('base64'),
    }
    const body = { apiVersion: 'bulkhead.dev/v1alpha1', kind: 'LocalVolumeKey', metadata: { name: volume }, spec }
    const limit = AbortSignal.any([signal, AbortSignal.timeout(mostMs)])
    const answer = await client.subresource<LocalVolumeKey>('POST', localVolumes, '', volume, 'key', body, limit)
    const opened = openSealedKey(pair, Buffer.from(answer.status?.sealedKey ?? '', 'base64'), volumeKeyPurpose(volume))
    if (opened.length !== volumeKeyBytes)
      throw new Error(`the key of volume "${volume}" has ${opened.length} bytes instead of ${volumeKeyBytes}`)
    return opened
  }
}
