// Signs images as cosign does, for tests: cosign 2 with a tag, cosign 3 with a bundle. Real cosign's output is read in test/supply-chain.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { preAuthEncoding, statementType } from '../../base/dsse.ts'
import type { Digest } from '../oci/digest.ts'
import type { Descriptor } from '../oci/image-source.ts'
import type { MemoryImageSource } from '../oci/memory-image-source.testing.ts'
import { envelopeMediaType, simpleSigningMediaType } from './parse-cosign.ts'
import { signaturePredicateType } from './statement.ts'

export interface KeyPair {
  readonly privateKey: KeyObject
  readonly pem: string
}

const withPem = ({ privateKey, publicKey }: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }): KeyPair => ({
  privateKey,
  pem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
})

export const ecKeys = (namedCurve = 'prime256v1'): KeyPair => withPem(generateKeyPairSync('ec', { namedCurve }))
export const edKeys = (): KeyPair => withPem(generateKeyPairSync('ed25519'))
export const rsaKeys = (modulusLength: number): KeyPair => withPem(generateKeyPairSync('rsa', { modulusLength }))

export function signBytes({ privateKey }: KeyPair, bytes: Uint8Array, digest = 'sha256'): Buffer {
  return sign(privateKey.asymmetricKeyType === 'ed25519' ? null : digest, bytes, privateKey)
}

export const tagOf = (digest: Digest, suffix: 'sig' | 'att'): string => `${digest.replace(':', '-')}.${suffix}`

export const simplePayload = (digest: string, reference = 'registry.example.com/shop/web'): Buffer =>
  Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': reference },
        image: { 'docker-manifest-digest': digest },
        type: 'cosign container image signature',
      },
      optional: null,
    }),
  )

/** A layer of the tag `.sig`. */
export function signatureLayer(source: MemoryImageSource, digest: Digest, keys: KeyPair): Descriptor {
  const payload = simplePayload(digest)
  return source.putBlob(payload, simpleSigningMediaType, {
    'dev.cosignproject.cosign/signature': signBytes(keys, payload).toString('base64'),
  })
}

export function statementOf(digest: Digest, predicateType: string, predicate: unknown): Buffer {
  const [algorithm = '', hex = ''] = digest.split(':')
  const subject = [{ name: 'registry.example.com/shop/web', digest: { [algorithm]: hex } }]
  return Buffer.from(JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject, predicateType, predicate }))
}

export function envelopeOf(payload: Buffer, keys: KeyPair): object {
  const sig = signBytes(keys, preAuthEncoding(statementType, payload)).toString('base64')
  return { payloadType: statementType, payload: payload.toString('base64'), signatures: [{ sig }] }
}

/** A layer of the tag `.att`. */
export function attestationLayer(
  source: MemoryImageSource,
  digest: Digest,
  keys: KeyPair,
  predicateType: string,
  predicate: unknown,
): Descriptor {
  const envelope = envelopeOf(statementOf(digest, predicateType, predicate), keys)
  return source.putBlob(Buffer.from(JSON.stringify(envelope)), envelopeMediaType)
}

export const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json'

export const bundleOf = (envelope: object): Buffer =>
  Buffer.from(
    JSON.stringify({
      mediaType: bundleType,
      verificationMaterial: { publicKey: { hint: 'a hint' }, tlogEntries: [] },
      dsseEnvelope: envelope,
    }),
  )

/** A signature as of cosign 3, or an attestation if `predicateType` is another. */
export function putBundle(
  source: MemoryImageSource,
  digest: Digest,
  keys: KeyPair,
  predicateType = signaturePredicateType,
  predicate: unknown = {},
): Descriptor {
  const layer = source.putBlob(bundleOf(envelopeOf(statementOf(digest, predicateType, predicate), keys)), bundleType)
  return source.putReferrer(digest, [layer], { artifactType: bundleType })
}
