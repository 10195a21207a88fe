// Asks for the key of a volume as a node does, and as whoever pretends to be one.
import { createPrivateKey } from 'node:crypto'
import { openSealedKey } from '../../../base/crypto/sealed-key.ts'
import { signVolumeKeyRequest, volumeKeyPurpose } from '../../../base/crypto/volume-key-request.ts'
import { newX25519KeyPair } from '../../../base/crypto/x25519.ts'
import { isJsonObject, parseJson } from '../../../base/json.ts'
import type { CertificateAuthority } from '../../cluster-keys.ts'
import { type ForgedCertificate, forgeCertificate } from '../../forged-certificate.ts'
import type { ProofContext } from '../../proof.ts'
import { type Answer, type ProofRequest, request } from '../../request.ts'
import { within } from '../../until.ts'
import { type NodeHeaders, nodeHeaders } from '../nodes/node-arena.ts'

const hourMs = 3_600_000
const seenMs = 60_000
const pollMs = 100

export interface KeyQuestion {
  readonly request: ProofRequest
  /** The key of the answer; undefined if it contains none. */
  open(answer: Answer): Buffer | undefined
}

export interface KeyQuestionOptions {
  readonly volume: string
  /** The user of the request. */
  readonly headers?: NodeHeaders
  readonly certificate: string
  /** Signs the request; PEM. */
  readonly key: string
  /** The volume that the signature is for, if it is another. */
  readonly signed?: string
}

export function keyQuestion({ volume, headers, certificate, key, signed = volume }: KeyQuestionOptions): KeyQuestion {
  const pair = newX25519KeyPair()
  const signature = signVolumeKeyRequest(signed, pair.publicKey, createPrivateKey(key)).toString('base64')
  const spec = { publicKey: pair.publicKey.toString('base64'), certificate, signature }
  return {
    request: {
      method: 'POST',
      path: `/apis/bulkhead.dev/v1alpha1/localvolumes/${volume}/key`,
      body: { apiVersion: 'bulkhead.dev/v1alpha1', kind: 'LocalVolumeKey', metadata: {}, spec },
      ...(headers === undefined ? {} : { headers }),
    },
    open({ status, text }) {
      const answer = status === 201 ? parseJson(text) : undefined
      const sealed = isJsonObject(answer) && isJsonObject(answer['status']) ? answer['status']['sealedKey'] : undefined
      return typeof sealed === 'string' ? openSealedKey(pair, Buffer.from(sealed, 'base64'), volumeKeyPurpose(volume)) : undefined
    },
  }
}

/** A certificate of a node as the cluster issues it, or of an authority of our own. */
export const nodeCertificate = (
  node: string,
  issuer: CertificateAuthority | undefined,
  now: number,
  { groups = 'system:nodes', notAfter = now + hourMs }: { readonly groups?: string; readonly notAfter?: number } = {},
): Promise<ForgedCertificate> =>
  forgeCertificate({
    subject: `O=${groups}, CN=system:node:${node}`,
    ...(issuer === undefined ? {} : { issuer }),
    notBefore: Math.min(now, notAfter) - hourMs,
    notAfter,
    usages: ['client'],
  })

/** Resolves when the authorizer has seen that the volume is the node's: until then it refuses for another reason. */
export async function untilVolumeIsSeen(
  { transport, clock }: ProofContext,
  { request: asked }: KeyQuestion,
  signal: AbortSignal,
): Promise<void> {
  const isSeen = async () => ((await request(transport, asked, signal)).text.includes('no relationship found') ? undefined : true)
  await within(seenMs, clock, isSeen, signal, pollMs)
}

export { nodeHeaders }
