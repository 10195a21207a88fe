// Certificates that are created in memory for one attack, by an authority of our own or, where its key can be read, by one of the cluster.
import { generateKeyPairSync, type KeyObject, webcrypto, X509Certificate } from 'node:crypto'
import { loadX509 } from '../base/net/x509.ts'
import { writeJson } from '../base/write-json.ts'
import type { CertificateAuthority } from './cluster-keys.ts'

export interface ForgedCertificate {
  /** Both in PEM. */
  readonly certificate: string
  readonly key: string
}

export interface ForgeOptions {
  readonly subject: string
  /** Signed by this authority, or by one with this name and a key of our own; without it, self-signed. */
  readonly issuer?: string | CertificateAuthority
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  readonly ipAddress?: string
  /** Extended key usages; default both. */
  readonly usages?: readonly ('client' | 'server')[]
  readonly isAuthority?: boolean
  /** A critical extension that nobody knows. */
  readonly unknownExtension?: boolean
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const usageIds = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const

export async function forgeCertificate(options: ForgeOptions): Promise<ForgedCertificate> {
  const {
    subject,
    issuer,
    notBefore,
    notAfter,
    ipAddress,
    usages = ['server', 'client'],
    isAuthority = false,
    unknownExtension = false,
  } = options
  const x509 = await loadX509()
  const own = await newKeys()
  const issuerName =
    typeof issuer === 'object' ? new x509.X509Certificate(issuer.certificate).subjectName : new x509.Name(issuer ?? subject)
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: Buffer.from(
      webcrypto.getRandomValues(new Uint8Array(8)).map((byte, index) => (index === 0 ? (byte & 0x3f) | 0x40 : byte)),
    ).toString('hex'),
    subject,
    issuer: issuerName,
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    publicKey: own.publicKey,
    signingKey: await signingKey(issuer, own.privateKey),
    signingAlgorithm: algorithm,
    extensions: [
      ...(isAuthority ? [new x509.BasicConstraintsExtension(true, undefined, true)] : []),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | (isAuthority ? x509.KeyUsageFlags.keyCertSign : 0), true),
      ...(usages.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(usages.map(usage => usageIds[usage]))]),
      ...(ipAddress === undefined ? [] : [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: ipAddress }])]),
      ...(unknownExtension ? [new x509.Extension('1.2.3.4', true, new Uint8Array([5, 0]))] : []),
    ],
  })
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', own.privateKey))
  return { certificate: certificate.toString('pem'), key: pem('PRIVATE KEY', der) }
}

async function signingKey(issuer: ForgeOptions['issuer'], own: webcrypto.CryptoKey): Promise<webcrypto.CryptoKey> {
  if (issuer === undefined) return own
  if (typeof issuer === 'string') return (await newKeys()).privateKey
  return issuer.key.toCryptoKey({ name: algorithm.name, namedCurve: algorithm.namedCurve }, false, ['sign'])
}

/** The certificate of an authority that signed nothing: the cluster's server cannot satisfy this trust root. */
export async function foreignAuthority(now: number): Promise<string> {
  const day = 86_400_000
  return (await forgeCertificate({ subject: 'CN=bulkhead-prove-foreign-ca', notBefore: now - day, notAfter: now + day })).certificate
}

export const newSigningKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

/** The same certificate with one byte changed: where `text` first occurs, or in the signature. It still has its form. */
export function withChangedByte(certificate: string, text?: string): string {
  const der = Buffer.from(new X509Certificate(certificate).raw)
  const at = text === undefined ? der.length - 1 : der.indexOf(text)
  if (at < 0) throw new Error(`the certificate does not contain ${writeJson(text)}`)
  der.writeUInt8(der.readUInt8(at) ^ 1, at)
  return pem('CERTIFICATE', der)
}

/** A PKCS#10 request in PEM, and its key. */
export async function certificateRequest(subject: string): Promise<{ readonly request: string; readonly key: string }> {
  const x509 = await loadX509()
  const keys = await newKeys()
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name: subject, keys, signingAlgorithm: algorithm })
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  return { request: request.toString('pem'), key: pem('PRIVATE KEY', der) }
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
