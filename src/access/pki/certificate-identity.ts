// The identity in a client certificate: common name and organizations, read from the DER itself and not from a printed form.
import { isAscii, isUtf8 } from 'node:buffer'
import { type DerElement, DerError, derTag, readElements, readOne } from './der.ts'

export interface CertificateIdentity {
  readonly commonName: string
  /** In the order of the subject. */
  readonly organizations: readonly string[]
}

const commonNameOid = '550403'
const organizationOid = '55040a'
/** PrintableString, TeletexString, IA5String: other parsers read bytes beyond ASCII as Latin-1, which would be another name. */
const asciiTags: ReadonlySet<number> = new Set([0x13, 0x14, 0x16])

/** Throws `DerError` if the certificate is malformed or has two common names. Verifies nothing. */
export function parseCertificateIdentity(certificate: Buffer): CertificateIdentity {
  const [body] = readElements(readOne(certificate, derTag.sequence))
  if (body?.tag !== derTag.sequence) throw new DerError('The certificate has no body')
  const fields = readElements(body.content)
  // [0] version is optional; then serial, signature algorithm, issuer, validity, subject.
  const subject = fields[fields[0]?.tag === 0xa0 ? 5 : 4]
  if (subject?.tag !== derTag.sequence) throw new DerError('The certificate has no subject')
  return nameIdentity(subject.content)
}

/** The same for a PKCS#10 request in DER: version, subject. */
export function parseCsrIdentity(csr: Buffer): CertificateIdentity {
  const [info] = readElements(readOne(csr, derTag.sequence))
  if (info?.tag !== derTag.sequence) throw new DerError('The request has no body')
  const subject = readElements(info.content)[1]
  if (subject?.tag !== derTag.sequence) throw new DerError('The request has no subject')
  return nameIdentity(subject.content)
}

/** The identity in a PKCS#10 request in DER, or its fault. */
export function requestedIdentity(csr: Buffer): CertificateIdentity | { readonly problem: string } {
  try {
    return parseCsrIdentity(csr)
  } catch (err) {
    if (err instanceof DerError) return { problem: err.message }
    throw err
  }
}

function nameIdentity(name: Buffer): CertificateIdentity {
  const commonNames: string[] = []
  const organizations: string[] = []
  for (const set of readElements(name)) {
    for (const attribute of readElements(set.content)) {
      const [type, value] = readElements(attribute.content)
      if (type?.tag !== derTag.oid || value === undefined) throw new DerError('The subject is malformed')
      const oid = type.content.toString('hex')
      if (oid !== commonNameOid && oid !== organizationOid) continue
      const text = readText(value)
      if (oid === commonNameOid) commonNames.push(text)
      else organizations.push(text)
    }
  }
  if (commonNames.length > 1) throw new DerError('The subject has several common names')
  return { commonName: commonNames[0] ?? '', organizations }
}

function readText({ tag, content }: DerElement): string {
  const isReadable = tag === derTag.utf8 ? isUtf8(content) : asciiTags.has(tag) && isAscii(content)
  if (!isReadable) throw new DerError('The subject has a text of an unknown form')
  return content.toString('utf8')
}
