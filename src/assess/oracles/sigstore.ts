// A private sigstore: an authority for short-lived certificates (Fulcio), their log (RFC 6962) and a transparency log (Rekor), written from their
// specifications alone. An attack says which one thing of a signature is wrong.
import { createPublicKey, KeyObject, sign, webcrypto } from 'node:crypto'
import { loadX509 } from '../../base/net/x509.ts'
import { writeJson } from '../../base/write-json.ts'
import { certificateBundle, envelopeOf, newOracleKey, preAuthenticated, sha256 } from './attestation.ts'

/** What may be wrong with a signature. */
export interface KeylessFlaw {
  readonly subject?: string
  readonly issuer?: string
  /** Of the certificate, in milliseconds from now. Default: five minutes around it. */
  readonly valid?: { readonly from: number; readonly to: number }
  /** Extended key usage of the certificate; default code signing. */
  readonly usage?: string
  /** Another sigstore issues the certificate, and this one logs it. */
  readonly authority?: OracleSigstore
  readonly certificateTimestamp?: 'none' | 'by another log'
  readonly logEntry?: LogFlaw
  /** The envelope is signed by a key that is not in the certificate. */
  readonly signedByAnother?: true
}

export type LogFlaw =
  | 'none'
  | 'without a proof'
  | 'without a promise'
  | 'promised by another key'
  | 'in the tree of another key'
  | 'in another tree'
  | 'of another signature'
  | 'of another certificate'

interface LoggedKey {
  readonly key: KeyObject
  readonly spki: Buffer
}

interface Leaf {
  readonly der: Buffer
  readonly pem: string
  readonly key: KeyObject
}

interface Authority {
  readonly pair: webcrypto.CryptoKeyPair
  readonly spki: Buffer
  readonly certificate: Buffer
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const authorityName = 'CN=bulkhead-prove-sigstore'
const codeSigning = '1.3.6.1.5.5.7.3.3'
const issuerExtension = '1.3.6.1.4.1.57264.1.8'
const timestampExtension = '1.3.6.1.4.1.11129.2.4.2'
const logHost = 'log.example.invalid'
const minute = 60_000
const day = 1440 * minute

const newPair = async (): Promise<webcrypto.CryptoKeyPair> => await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
const spkiOf = (key: webcrypto.CryptoKey): Buffer => KeyObject.from(key).export({ type: 'spki', format: 'der' })
const hash = (...parts: readonly Uint8Array[]): Buffer => Buffer.from(sha256(Buffer.concat(parts)), 'hex')
const uint = (value: number, bytes: number): Buffer => Buffer.from(value.toString(16).padStart(2 * bytes, '0'), 'hex')
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** DER with a tag of one byte; the content is shorter than 64 KiB. */
function der(tag: number, content: Uint8Array): Buffer {
  const { length } = content
  const size =
    length < 128 ? uint(length, 1) : Buffer.concat(length < 256 ? [uint(0x81, 1), uint(length, 1)] : [uint(0x82, 1), uint(length, 2)])
  return Buffer.concat([uint(tag, 1), size, content])
}

function newLoggedKey(): LoggedKey {
  const { key } = newOracleKey()
  return { key, spki: createPublicKey(key).export({ type: 'spki', format: 'der' }) }
}

export class OracleSigstore {
  readonly #now: number
  readonly #authority: Authority
  readonly #certificateLog = newLoggedKey()
  readonly #log = newLoggedKey()

  private constructor(now: number, authority: Authority) {
    this.#now = now
    this.#authority = authority
  }

  static async create(now: number): Promise<OracleSigstore> {
    const x509 = await loadX509()
    const pair = await newPair()
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      ...{ serialNumber: '01', name: authorityName, keys: pair, signingAlgorithm: algorithm },
      ...{ notBefore: new Date(now - day), notAfter: new Date(now + day) },
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      ],
    })
    return new OracleSigstore(now, { pair, spki: spkiOf(pair.publicKey), certificate: Buffer.from(certificate.rawData) })
  }

  /** The object of a trusted_root.json. */
  get trustedRoot(): Readonly<Record<string, unknown>> {
    const validFor = { start: new Date(this.#now - day).toISOString() }
    const logOf = ({ spki }: LoggedKey): object => ({
      ...{ baseUrl: `https://${logHost}`, hashAlgorithm: 'SHA2_256', logId: { keyId: base64(hash(spki)) } },
      publicKey: { rawBytes: base64(spki), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor },
    })
    return {
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      tlogs: [logOf(this.#log)],
      ctlogs: [logOf(this.#certificateLog)],
      certificateAuthorities: [
        {
          ...{ subject: { organization: 'example', commonName: 'example' }, uri: 'https://ca.example.invalid' },
          ...{ certChain: { certificates: [{ rawBytes: base64(this.#authority.certificate) }] }, validFor },
        },
      ],
    }
  }

  /** A bundle in which `subject` of `issuer` signs the statement without a key of its own. */
  async bundle(statement: string, subject: string, issuer: string, flaw: KeylessFlaw = {}): Promise<object> {
    const names = { subject: flaw.subject ?? subject, issuer: flaw.issuer ?? issuer }
    const leaf = await this.#issue(names, flaw)
    const { key } = flaw.signedByAnother === true ? newOracleKey() : leaf
    const signature = sign('sha256', preAuthenticated(statement), key)
    const entries = flaw.logEntry === 'none' ? [] : [await this.#logged(statement, signature, leaf, flaw.logEntry)]
    return certificateBundle(envelopeOf(statement, signature), leaf.der, entries)
  }

  async #issue({ subject, issuer }: { readonly subject: string; readonly issuer: string }, flaw: KeylessFlaw): Promise<Leaf> {
    const x509 = await loadX509()
    const pair = await newPair()
    const { valid = { from: -5 * minute, to: 5 * minute }, usage = codeSigning, authority: other = this } = flaw
    const extensions = [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage]),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: subject }], true),
      new x509.Extension(issuerExtension, false, der(0x0c, Buffer.from(issuer))),
    ]
    const { pair: signing, spki } = other.#authority
    const make = async (further: readonly InstanceType<typeof x509.Extension>[]) =>
      await x509.X509CertificateGenerator.create({
        ...{ serialNumber: '0a0b0c0d', issuer: authorityName, publicKey: pair.publicKey, signingKey: signing.privateKey },
        ...{ signingAlgorithm: algorithm, notBefore: new Date(this.#now + valid.from), notAfter: new Date(this.#now + valid.to) },
        extensions: [...extensions, ...further],
      })
    const key = KeyObject.from(pair.privateKey)
    const before = await make([])
    const sct =
      flaw.certificateTimestamp === 'none' ? undefined : this.#certificateTimestamp(toBeSigned(Buffer.from(before.rawData)), spki, flaw)
    const issued = sct === undefined ? before : await make([new x509.Extension(timestampExtension, false, der(0x04, sct))])
    return { der: Buffer.from(issued.rawData), pem: `${issued.toString('pem')}\n`, key }
  }

  /** RFC 6962, 3.2 and 3.3: a list of one. */
  #certificateTimestamp(certificate: Buffer, issuerKey: Buffer, { certificateTimestamp }: KeylessFlaw): Buffer {
    const { key, spki } = this.#certificateLog
    const time = uint(this.#now, 8)
    const precertificate = Buffer.concat([hash(issuerKey), uint(certificate.length, 3), certificate])
    const signed = Buffer.concat([uint(0, 2), time, uint(1, 2), precertificate, uint(0, 2)])
    const signature = sign('sha256', signed, certificateTimestamp === 'by another log' ? newOracleKey().key : key)
    const sct = Buffer.concat([
      ...[uint(0, 1), hash(spki), time, uint(0, 2)],
      // SHA-256 with ECDSA
      ...[uint(4, 1), uint(3, 1), uint(signature.length, 2), signature],
    ])
    return Buffer.concat([uint(sct.length + 2, 2), uint(sct.length, 2), sct])
  }

  /** The only entry of the log. */
  async #logged(statement: string, signature: Buffer, leaf: Leaf, flaw: LogFlaw | undefined): Promise<object> {
    const { key, spki } = this.#log
    const another = newOracleKey().key
    const noted =
      flaw === 'of another certificate'
        ? (await this.#issue({ subject: 'https://other.invalid', issuer: 'https://other.invalid' }, {})).pem
        : leaf.pem
    const notedSignature = flaw === 'of another signature' ? sign('sha256', Buffer.from('other'), leaf.key) : signature
    const body = Buffer.from(
      writeJson({
        ...{ apiVersion: '0.0.1', kind: 'dsse' },
        spec: {
          payloadHash: { algorithm: 'sha256', value: sha256(statement) },
          signatures: [{ signature: base64(notedSignature), verifier: base64(Buffer.from(noted)) }],
        },
      }),
    )
    const id = hash(spki)
    const integratedTime = Math.floor(this.#now / 1000)
    const promised = writeJson({ body: base64(body), integratedTime, logID: id.toString('hex'), logIndex: 0 })
    // RFC 6962, 2.1: the hash of a tree with one leaf is that of the leaf.
    const rootHash = hash(uint(0, 1), flaw === 'in another tree' ? Buffer.from('other') : body)
    const note = `${logHost}\n1\n${base64(rootHash)}\n`
    const noteSignature = sign('sha256', Buffer.from(note), flaw === 'in the tree of another key' ? another : key)
    const checkpoint = `${note}\n\u2014 ${logHost} ${base64(Buffer.concat([id.subarray(0, 4), noteSignature]))}\n`
    const promise = sign('sha256', Buffer.from(promised), flaw === 'promised by another key' ? another : key)
    return {
      ...{ logIndex: '0', logId: { keyId: base64(id) }, kindVersion: { kind: 'dsse', version: '0.0.1' } },
      ...{ integratedTime: String(integratedTime), canonicalizedBody: base64(body) },
      ...(flaw === 'without a promise' ? {} : { inclusionPromise: { signedEntryTimestamp: base64(promise) } }),
      ...(flaw === 'without a proof'
        ? {}
        : {
            inclusionProof: { logIndex: '0', rootHash: base64(rootHash), treeSize: '1', hashes: [], checkpoint: { envelope: checkpoint } },
          }),
    }
  }
}

/** The first element of a certificate, with its header (RFC 5280, 4.1). */
function toBeSigned(certificate: Buffer): Buffer {
  const outer = headerBytes(certificate)
  const inner = certificate.subarray(outer)
  return inner.subarray(0, headerBytes(inner) + contentBytes(inner))
}

const lengthBytes = (element: Buffer): number => ((element[1] ?? 0) < 128 ? 0 : (element[1] ?? 0) - 128)
const headerBytes = (element: Buffer): number => 2 + lengthBytes(element)
const contentBytes = (element: Buffer): number =>
  lengthBytes(element) === 0 ? (element[1] ?? 0) : element.readUIntBE(2, lengthBytes(element))
