// Parses PKCS#10 requests: subject and names.
import { loadX509 } from '../../base/net/x509.ts'

export interface RequestedIdentity {
  /** DER. */
  readonly csr: Buffer
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  readonly emailAddresses: readonly string[]
  readonly uris: readonly string[]
  readonly otherNames: readonly string[]
}

/** `request` is spec.request: PEM in base64. Throws if it is not a request, is not signed by its own key, or names several users. */
export async function readRequest(request: string): Promise<RequestedIdentity> {
  const pem = Buffer.from(request, 'base64').toString('utf8')
  const { Pkcs10CertificateRequest, SubjectAlternativeNameExtension } = await loadX509()
  const parsed = new Pkcs10CertificateRequest(pem)
  if (!(await parsed.verify())) throw new Error('the request is not signed by its own key')
  const names = parsed.extensions
    .filter(extension => extension instanceof SubjectAlternativeNameExtension)
    .flatMap(({ names: { items } }) => items)
  const ofType = (type: string) => names.filter(name => name.type === type).map(({ value }) => value)
  const [commonName = '', second] = parsed.subjectName.getField('CN')
  // Parsers differ in which common name they use.
  if (second !== undefined) throw new Error('the subject has several common names')
  return {
    csr: Buffer.from(parsed.rawData),
    commonName,
    organizations: parsed.subjectName.getField('O'),
    dnsNames: ofType('dns'),
    ipAddresses: ofType('ip'),
    emailAddresses: ofType('email'),
    uris: ofType('url'),
    otherNames: names.filter(({ type }) => !['dns', 'ip', 'email', 'url'].includes(type)).map(({ value }) => value),
  }
}
