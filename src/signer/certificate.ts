// X.509: certificates of the authorities, and the leaves that they issue. The content comes from the request; the CSR only proves
// possession of the key.
import { type KeyObject, randomBytes } from 'node:crypto'
import { loadX509, type X509 } from '../base/net/x509.ts'
import { checkCsrSize, PolicyViolation } from './policy.ts'
import type { AuthorityName, CertificateRequest } from './signer.ts'

const backdateMs = 5 * 60_000
const authorityYears = 10
const clientAuth = '1.3.6.1.5.5.7.3.2'
const serverAuth = '1.3.6.1.5.5.7.3.1'
/** These authorities sign server certificates, the others client certificates. */
const servers: ReadonlySet<AuthorityName> = new Set(['serving', 'kubelet-serving', 'registry'])
/** Members of etcd are servers and clients of each other. */
const both: ReadonlySet<AuthorityName> = new Set(['etcd'])
const signing = { name: 'ECDSA', hash: 'SHA-256' }
const p256 = { name: 'ECDSA', namedCurve: 'P-256' }

/** Loads the X.509 code before the first certificate is needed. */
export async function warmUpCertificates(): Promise<void> {
  await loadX509()
}

/** Positive, 127 random bits, without a leading zero byte. */
function newSerial(): string {
  const bytes = randomBytes(16)
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0)
  return bytes.toString('hex')
}

const signingKey = (key: KeyObject) => key.toCryptoKey(p256, false, ['sign'])

/** A self-signed certificate for the key of an authority. */
export async function makeAuthorityCertificate(name: AuthorityName, key: KeyObject, publicKey: KeyObject, now: number): Promise<string> {
  const x509 = await loadX509()
  const subject = new x509.Name([{ CN: [{ utf8String: `bulkhead-${name}-ca` }] }])
  const spki = publicKey.toCryptoKey(p256, true, ['verify'])
  const until = new Date(now)
  until.setUTCFullYear(until.getUTCFullYear() + authorityYears)
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject,
    issuer: subject,
    notBefore: new Date(now - backdateMs),
    notAfter: until,
    publicKey: spki,
    signingKey: signingKey(key),
    signingAlgorithm: signing,
    extensions: [
      // Path length 0: an authority issues only leaves.
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(spki),
    ],
  })
  return pem(certificate.toString('pem'))
}

/** What all leaves of one authority share; created once, because a start requests about forty leaves in a row. */
export interface Issuer {
  readonly x509: X509
  readonly subject: InstanceType<X509['Name']>
  /** Milliseconds since the Unix epoch. */
  readonly notAfter: number
  readonly signingKey: ReturnType<KeyObject['toCryptoKey']>
  readonly extensions: readonly InstanceType<X509['Extension']>[]
}

export async function openIssuer(authority: AuthorityName, key: KeyObject, certificatePem: string): Promise<Issuer> {
  const x509 = await loadX509()
  const certificate = new x509.X509Certificate(certificatePem)
  return {
    x509,
    subject: certificate.subjectName,
    notAfter: certificate.notAfter.getTime(),
    signingKey: signingKey(key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(
        both.has(authority) ? [serverAuth, clientAuth] : [servers.has(authority) ? serverAuth : clientAuth],
      ),
      await x509.AuthorityKeyIdentifierExtension.create(certificate.publicKey),
    ],
  }
}

/** Issues a leaf; the policy of the role must have accepted the request. Throws `PolicyViolation` for an invalid CSR. */
export async function issueLeaf(request: CertificateRequest, issuer: Issuer, now: number): Promise<string> {
  checkCsrSize(request.csr)
  const { x509 } = issuer
  const publicKey = await provenKey(x509, request.csr)
  const names = [
    ...request.dnsNames.map(value => ({ type: 'dns' as const, value })),
    ...request.ipAddresses.map(value => ({ type: 'ip' as const, value })),
  ]
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: new x509.Name([
      ...request.organizations.map(value => ({ O: [{ utf8String: value }] })),
      { CN: [{ utf8String: request.commonName }] },
    ]),
    issuer: issuer.subject,
    notBefore: new Date(now - backdateMs),
    notAfter: new Date(Math.min(now + request.lifetimeSeconds * 1000, issuer.notAfter)),
    publicKey,
    signingKey: issuer.signingKey,
    signingAlgorithm: signing,
    extensions: [
      ...issuer.extensions,
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
  })
  return pem(certificate.toString('pem'))
}

async function provenKey(x509: X509, der: Buffer) {
  let csr: InstanceType<typeof x509.Pkcs10CertificateRequest>
  try {
    csr = new x509.Pkcs10CertificateRequest(new Uint8Array(der))
  } catch (cause) {
    throw new PolicyViolation('csr-form', 'The CSR is not a PKCS#10 request in DER', { cause })
  }
  checkKey(csr.publicKey.algorithm)
  const proven = await csr.verify().catch(() => false)
  if (!proven) throw new PolicyViolation('csr-signature', "The CSR's signature does not prove possession of its key")
  return csr.publicKey
}

/** EC keys on P-256 and P-384, Ed25519, and RSA of 2048 to 4096 bits. */
function checkKey(algorithm: { readonly name: string; readonly namedCurve?: unknown; readonly modulusLength?: unknown }): void {
  const { name, namedCurve, modulusLength } = algorithm
  if (name === 'Ed25519') return
  if (name === 'ECDSA' || name === 'ECDH') {
    if (namedCurve === 'P-256' || namedCurve === 'P-384') return
    throw new PolicyViolation('key-type', `Keys on curve "${String(namedCurve)}" are not allowed: use P-256 or P-384`)
  }
  if (name.startsWith('RSA') && typeof modulusLength === 'number') {
    if (modulusLength >= 2048 && modulusLength <= 4096) return
    throw new PolicyViolation('key-size', `RSA keys of ${modulusLength} bits are not allowed: use 2048 to 4096`)
  }
  throw new PolicyViolation('key-type', `Keys of type "${name}" are not allowed`)
}

const pem = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`)
