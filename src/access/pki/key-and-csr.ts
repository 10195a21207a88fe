// Creates a leaf key in memory and a request that proves its possession, for every part that needs a certificate.
import { createPublicKey, generateKeyPair, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { der, derTag } from './der.ts'

const generate = promisify(generateKeyPair)

const oid = {
  commonName: Buffer.from('550403', 'hex'),
  organization: Buffer.from('55040a', 'hex'),
  ecdsaWithSha256: Buffer.from('2a8648ce3d040302', 'hex'),
}

export interface KeyAndCsr {
  /** ECDSA P-256; exists only in this process. */
  readonly key: KeyObject
  /** PKCS#8 PEM of the key, for TLS options. Never log it, and write it to a disk only in a folder that the caller owns. */
  readonly keyPem: string
  /** PKCS#10 in DER. */
  readonly csr: Buffer
  /** The same as PEM, for a CertificateSigningRequest's spec.request (then base64). */
  readonly csrPem: string
}

/**
 * A new key and a CSR with this subject. The issuer's policy decides the content of the certificate; Kubernetes' CSR API checks the
 * subject.
 */
export async function createKeyAndCsr(subject: {
  readonly commonName: string
  readonly organizations?: readonly string[]
}): Promise<KeyAndCsr> {
  const { privateKey } = await generate('ec', { namedCurve: 'P-256' })
  const csr = createCsr(privateKey, subject)
  return {
    key: privateKey,
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    csr,
    csrPem: toPem('CERTIFICATE REQUEST', csr),
  }
}

/** RFC 2986 with an EC P-256 key: version 0, subject, public key, no attributes. */
function createCsr(key: KeyObject, subject: { readonly commonName: string; readonly organizations?: readonly string[] }): Buffer {
  const attribute = (type: Buffer, value: string) =>
    der(derTag.set, der(derTag.sequence, der(derTag.oid, type), der(derTag.utf8, Buffer.from(value))))
  const name = der(
    derTag.sequence,
    ...(subject.organizations ?? []).map(organization => attribute(oid.organization, organization)),
    attribute(oid.commonName, subject.commonName),
  )
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const noAttributes = der(0xa0)
  const info = der(derTag.sequence, der(derTag.integer, Buffer.from([0])), name, publicKey, noAttributes)
  const signature = sign('sha256', info, key)
  const algorithm = der(derTag.sequence, der(derTag.oid, oid.ecdsaWithSha256))
  return der(derTag.sequence, info, algorithm, der(derTag.bitString, Buffer.from([0]), signature))
}

export function toPem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
