// Certificates of unknown authorities, created in memory for one attack.
import { generateKeyPairSync, type KeyObject, webcrypto } from 'node:crypto'
import { loadX509 } from '../base/net/x509.ts'

export interface ForgedCertificate {
  /** Both in PEM. */
  readonly certificate: string
  readonly key: string
}

export interface ForgeOptions {
  readonly subject: string
  /** Signed by an authority with this name and a key of our own; without it, self-signed. */
  readonly issuer?: string
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  readonly ipAddress?: string
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

export async function forgeCertificate({ subject, issuer, notBefore, notAfter, ipAddress }: ForgeOptions): Promise<ForgedCertificate> {
  const x509 = await loadX509()
  const own = await newKeys()
  const signer = issuer === undefined ? own : await newKeys()
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: '01',
    subject,
    issuer: issuer ?? subject,
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    publicKey: own.publicKey,
    signingKey: signer.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']),
      ...(ipAddress === undefined ? [] : [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: ipAddress }])]),
    ],
  })
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', own.privateKey))
  return { certificate: certificate.toString('pem'), key: pem('PRIVATE KEY', der) }
}

/** The certificate of an authority that signed nothing: the cluster's server cannot satisfy this trust root. */
export async function foreignAuthority(now: number): Promise<string> {
  const day = 86_400_000
  return (await forgeCertificate({ subject: 'CN=bulkhead-prove-foreign-ca', notBefore: now - day, notAfter: now + day })).certificate
}

export const newSigningKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
