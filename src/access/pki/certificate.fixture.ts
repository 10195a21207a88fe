// Certificates with any fault, for tests: written field by field, so that nothing prevents a bad one.
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { der, derTag } from './der.ts'
import { toPem } from './key-and-csr.ts'

export interface TestAuthority {
  readonly key: KeyObject
  readonly name: string
  readonly certificate: Buffer
  readonly pem: string
}

export interface TestCertificate {
  readonly commonName?: string
  readonly organizations?: readonly string[]
  readonly isAuthority?: boolean
  /** Undefined for no extended key usage at all. */
  readonly usage?: 'client' | 'server' | undefined
  readonly notBefore?: number
  readonly notAfter?: number
  /** Extensions other than basic constraints and usage: hex of the OID's content, and whether it is critical. */
  readonly extensions?: readonly { readonly oid: string; readonly critical: boolean; readonly value: Buffer }[]
}

const day = 86_400_000
const oid = (hex: string) => der(derTag.oid, Buffer.from(hex, 'hex'))
const usages = { client: oid('2b06010505070302'), server: oid('2b06010505070301') }

function nameOf(commonName: string, organizations: readonly string[]): Buffer {
  const attribute = (type: string, text: string) => der(derTag.set, der(derTag.sequence, oid(type), der(derTag.utf8, Buffer.from(text))))
  return der(
    derTag.sequence,
    ...organizations.map(text => attribute('55040a', text)),
    ...(commonName === '' ? [] : [attribute('550403', commonName)]),
  )
}

function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)
  return der(0x18, Buffer.from(`${text}Z`))
}

function extension(type: string, critical: boolean, value: Buffer): Buffer {
  return der(derTag.sequence, oid(type), ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value))
}

const algorithm = der(derTag.sequence, oid('2a8648ce3d040302'))
let serial = 1

function write(content: TestCertificate, publicKey: KeyObject, issuer: { readonly key: KeyObject; readonly name: string }): Buffer {
  const { commonName = 'ann', organizations = [], isAuthority = false, extensions = [] } = content
  const { notBefore = Date.now() - day, notAfter = Date.now() + day } = content
  const usage = 'usage' in content ? content.usage : 'client'
  const constraints = der(derTag.sequence, ...(isAuthority ? [der(0x01, Buffer.from([0xff]))] : []))
  const body = der(
    derTag.sequence,
    der(0xa0, der(derTag.integer, Buffer.from([2]))),
    der(derTag.integer, Buffer.from([serial++ & 0x7f])),
    algorithm,
    nameOf(issuer.name, []),
    der(derTag.sequence, time(notBefore), time(notAfter)),
    nameOf(commonName, organizations),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      der(
        derTag.sequence,
        extension('551d13', true, constraints),
        ...(usage === undefined ? [] : [extension('551d25', false, der(derTag.sequence, usages[usage]))]),
        ...extensions.map(other => extension(other.oid, other.critical, other.value)),
      ),
    ),
  )
  return der(derTag.sequence, body, algorithm, der(derTag.bitString, Buffer.from([0]), sign('sha256', body, issuer.key)))
}

export const newTestKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

export function testAuthority(name = 'test-ca', content: TestCertificate = {}): TestAuthority {
  const key = newTestKey()
  const certificate = write({ isAuthority: true, usage: undefined, ...content, commonName: name }, createPublicKey(key), { key, name })
  return { key, name, certificate, pem: toPem('CERTIFICATE', certificate) }
}

/** A certificate in DER; its own key is new unless given. */
export function testCertificate(
  issuer: { readonly key: KeyObject; readonly name: string },
  content: TestCertificate = {},
  key = newTestKey(),
): Buffer {
  return write(content, createPublicKey(key), issuer)
}
