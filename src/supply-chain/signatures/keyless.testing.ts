// A private sigstore in memory, by @sigstore/mock: certificates, their log, a transparency log, a timestamp authority, and what they witness.
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from '@sigstore/mock'
import { preAuthEncoding, statementType } from '../../base/dsse.ts'
import type { Digest } from '../oci/digest.ts'
import { type KeyPair, signBytes, simplePayload, statementOf } from './sign.testing.ts'
import { signaturePredicateType } from './statement.ts'

export const issuer = 'https://token.actions.example.com'
export const subject = 'https://github.example.com/shop/web/.github/workflows/release.yaml@refs/heads/main'

const logUrl = 'https://rekor.example.com'
const issuerExtension = '1.3.6.1.4.1.57264.1.8'
const tsaPolicy = '1.3.6.1.4.1.57264.2'
const sha256Oid = '2.16.840.1.101.3.4.2.1'

type Pair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
const pair = (): Pair => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const base64 = (bytes: ArrayBufferView): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
const pemOf = (certificate: string): string =>
  `-----BEGIN CERTIFICATE-----\n${certificate.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
const always = { start: '2020-01-01T00:00:00Z' }

/** The part of Rekor's answer that bundles need. */
interface RekorEntry {
  readonly body: string
  readonly integratedTime: number
  readonly logIndex: number
  readonly logID: string
  readonly verification: {
    readonly signedEntryTimestamp: string
    readonly inclusionProof: {
      readonly logIndex: number
      readonly rootHash: string
      readonly treeSize: number
      readonly hashes: readonly string[]
      readonly checkpoint: string
    }
  }
}

export interface BundleOptions {
  /** Default: both. */
  readonly witnesses?: 'log' | 'timestamp' | 'both' | 'none'
  readonly subject?: string
  readonly issuer?: string
  readonly predicateType?: string
  readonly predicate?: unknown
  /** What the log notes as the signer's certificate: base64 of PEM. */
  readonly loggedCertificate?: string
  /** Signs with this key, and not with a certificate. */
  readonly key?: KeyPair
}

/** JSON that a test may change before it is read. */
export type BundleJson = ReturnType<typeof JSON.parse>

export interface MockSigstore {
  /** The object of a trusted_root.json. */
  readonly trustedRoot: Readonly<Record<string, unknown>>
  bundle(digest: Digest, options?: BundleOptions): Promise<BundleJson>
  /** The annotations of a signature by cosign 2, with its payload. */
  cosign(digest: Digest): Promise<{ readonly payload: Buffer; readonly annotations: Readonly<Record<string, string>> }>
}

export async function mockSigstore(): Promise<MockSigstore> {
  const keys = { ca: pair(), ctlog: pair(), tlog: pair(), tsa: pair() }
  // Whole seconds: the verifier reads fractions of a second only with three digits, and the mock leaves out zeros at their end.
  // In a minute: certificates of the authorities are valid from the second in which they are made, which may be later than now.
  const clock = new Date((Math.floor(Date.now() / 1000) + 60) * 1000)
  const ctlog = await initializeCTLog(keys.ctlog, clock)
  const ca = await initializeCA(keys.ca, ctlog, clock)
  const tsa = await initializeTSA(keys.tsa, clock)
  const tlog = await initializeTLog(logUrl, keys.tlog, clock)
  const logOf = (publicKey: Buffer): object => ({
    baseUrl: logUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: publicKey.toString('base64'), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: always },
    logId: { keyId: sha256(publicKey).toString('base64') },
  })
  const authorityOf = (...certificates: readonly ArrayBufferView[]): object => ({
    subject: { organization: 'example', commonName: 'example' },
    uri: 'https://ca.example.com',
    certChain: { certificates: certificates.map(bytes => ({ rawBytes: base64(bytes) })) },
    validFor: always,
  })
  const sign = async (signed: Buffer, who: BundleOptions) => {
    const { publicKey, privateKey } = pair()
    const signer: KeyPair = { privateKey, pem: '' }
    const certificate = await ca.issueCertificate({
      publicKey: publicKey.export({ format: 'der', type: 'spki' }),
      subjectAltName: who.subject ?? subject,
      extensions: [{ oid: issuerExtension, value: who.issuer ?? issuer }],
    })
    return { signature: signBytes(signer, signed), certificate: base64(certificate) }
  }
  const logged = async (entry: object) => {
    const [found] = Object.values(await tlog.log(entry)) as (RekorEntry | null)[]
    if (!found) throw new Error('no entry')
    return found
  }
  const stamped = async (signature: Buffer): Promise<string> =>
    base64(
      await tsa.timestamp({ artifactHash: sha256(signature), hashAlgorithmOID: sha256Oid, nonce: 1, policyOID: tsaPolicy, certReq: false }),
    )
  return {
    trustedRoot: {
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      tlogs: [logOf(tlog.publicKey)],
      certificateAuthorities: [authorityOf(ca.rootCertificate)],
      ctlogs: [logOf(ctlog.publicKey)],
      timestampAuthorities: [authorityOf(tsa.intCertificate, tsa.rootCertificate)],
    },
    async bundle(digest, options = {}) {
      const { witnesses = 'both', predicateType = signaturePredicateType, predicate = {} } = options
      const payload = statementOf(digest, predicateType, predicate)
      const signed = preAuthEncoding(statementType, payload)
      const { key } = options
      const { signature, certificate } =
        key === undefined ? await sign(signed, options) : { signature: signBytes(key, signed), certificate: '' }
      const noted = Buffer.from(key === undefined ? pemOf(certificate) : key.pem).toString('base64')
      const tlogEntries = []
      if (witnesses === 'log' || witnesses === 'both') {
        const spec = {
          signatures: [
            {
              signature: signature.toString('base64'),
              verifier: options.loggedCertificate ?? noted,
            },
          ],
          payloadHash: { algorithm: 'sha256', value: sha256(payload).toString('hex') },
        }
        const { body, integratedTime, logIndex, logID, verification } = await logged({ kind: 'dsse', apiVersion: '0.0.1', spec })
        const { inclusionProof, signedEntryTimestamp } = verification
        tlogEntries.push({
          logIndex: String(logIndex),
          logId: { keyId: Buffer.from(logID, 'hex').toString('base64') },
          kindVersion: { kind: 'dsse', version: '0.0.1' },
          integratedTime: String(integratedTime),
          inclusionPromise: { signedEntryTimestamp },
          inclusionProof: {
            logIndex: String(inclusionProof.logIndex),
            rootHash: Buffer.from(inclusionProof.rootHash, 'hex').toString('base64'),
            treeSize: String(inclusionProof.treeSize),
            hashes: inclusionProof.hashes.map(hash => Buffer.from(hash, 'hex').toString('base64')),
            checkpoint: { envelope: inclusionProof.checkpoint },
          },
          canonicalizedBody: body,
        })
      }
      const stamps = witnesses === 'timestamp' || witnesses === 'both' ? [{ signedTimestamp: await stamped(signature) }] : []
      return {
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        verificationMaterial: {
          ...(key === undefined ? { certificate: { rawBytes: certificate } } : { publicKey: { hint: '' } }),
          tlogEntries,
          timestampVerificationData: { rfc3161Timestamps: stamps },
        },
        dsseEnvelope: {
          payloadType: statementType,
          payload: payload.toString('base64'),
          signatures: [{ sig: signature.toString('base64') }],
        },
      }
    },
    async cosign(digest) {
      const payload = simplePayload(digest)
      const { signature, certificate } = await sign(payload, {})
      const pem = pemOf(certificate)
      const { body, integratedTime, logIndex, logID, verification } = await logged({
        kind: 'hashedrekord',
        apiVersion: '0.0.1',
        spec: {
          data: { hash: { algorithm: 'sha256', value: sha256(payload).toString('hex') } },
          signature: { content: signature.toString('base64'), publicKey: { content: Buffer.from(pem).toString('base64') } },
        },
      })
      const entry = { SignedEntryTimestamp: verification.signedEntryTimestamp, Payload: { body, integratedTime, logIndex, logID } }
      return {
        payload,
        annotations: {
          'dev.cosignproject.cosign/signature': signature.toString('base64'),
          'dev.sigstore.cosign/certificate': pem,
          'dev.sigstore.cosign/chain': '',
          'dev.sigstore.cosign/bundle': JSON.stringify(entry),
        },
      }
    },
  }
}
