// Certificates and certificate requests: the subject is parsed or refused with a DerError, with the same result as OpenSSL and
// @peculiar/x509.
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { loadX509, type X509 } from '../../base/net/x509.ts'
import { type FuzzTarget, succeeds } from '../../base/testing/fuzz-target.testing.ts'
import { readExtensions } from './certificate-extensions.ts'
import { type CertificateIdentity, parseCertificateIdentity, parseCsrIdentity } from './certificate-identity.ts'
import { DerError, der, derTag } from './der.ts'

const x509 = await loadX509()

const element = (tag: number, ...contents: readonly Uint8Array[]): Buffer => der(tag, ...contents.map(content => Buffer.from(content)))
const text = fc
  .oneof(fc.string({ maxLength: 8 }), fc.constantFrom('', 'system:masters', 'a,CN=b', 'a\0b', 'ünn'))
  .map(value => Buffer.from(value))
const textTag = fc.constantFrom(derTag.utf8, derTag.utf8, 0x13, 0x14, 0x16, 0x1e, 0x1c, derTag.sequence)
/** Common name, organization, country, and a long identifier. */
const typeOid = fc
  .constantFrom('550403', '550403', '55040a', '55040a', '550406', '2a8648ce3d040302', '')
  .map(hex => Buffer.from(hex, 'hex'))
const attribute = fc
  .tuple(typeOid, textTag, text)
  .map(([type, tag, value]) => element(derTag.sequence, element(derTag.oid, type), element(tag, value)))
const name = fc
  .array(
    fc.array(attribute, { minLength: 1, maxLength: 2 }).map(attributes => element(derTag.set, ...attributes)),
    { maxLength: 4 },
  )
  .map(sets => element(derTag.sequence, ...sets))
/** P-256's generator: OpenSSL and the library accept it as a key. */
const publicKey = Buffer.from(
  '3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
  'hex',
)
const algorithm = element(derTag.sequence, element(derTag.oid, Buffer.from('2a8648ce3d040302', 'hex')))
const signed = (info: Buffer): Buffer =>
  element(derTag.sequence, info, algorithm, element(derTag.bitString, Buffer.from('003006020101020101', 'hex')))
const request = (subject: Buffer): Buffer =>
  signed(element(derTag.sequence, element(derTag.integer, Buffer.from([0])), subject, publicKey, element(0xa0)))
const period = element(derTag.sequence, element(0x17, Buffer.from('250101000000Z')), element(0x17, Buffer.from('350101000000Z')))
const certificate = (subject: Buffer): Buffer => {
  const [version, serial] = [element(0xa0, element(derTag.integer, Buffer.from([2]))), element(derTag.integer, Buffer.from([1]))]
  const issuer = element(derTag.sequence)
  return signed(element(derTag.sequence, version, serial, algorithm, issuer, period, subject, publicKey))
}

/** The first byte selects one of the two. */
const kinds = [request, certificate]

export const certificateIdentity: FuzzTarget = {
  name: 'certificate-identity',
  inputs: fc.tuple(fc.nat(1), name).map(([kind, subject]) => Buffer.concat([Buffer.from([kind]), (kinds[kind] ?? request)(subject)])),
  run(input) {
    const bytes = input.subarray(1)
    succeeds(() => readExtensions(bytes), DerError)
    const parse = input[0] === 0 ? parseCsrIdentity : parseCertificateIdentity
    let read: CertificateIdentity | undefined
    succeeds(() => {
      read = parse(bytes)
    }, DerError)
    if (read === undefined) return
    const other = input[0] === 0 ? byLibrary(bytes) : byOpenSsl(bytes)
    if (other !== undefined) assert.deepEqual(read, other)
  },
}

/** Undefined if it cannot be parsed. */
function byLibrary(bytes: Buffer): CertificateIdentity | undefined {
  let subject: InstanceType<X509['Name']>
  try {
    subject = new x509.Pkcs10CertificateRequest(bytes).subjectName
  } catch {
    // The library has errors of many kinds, and also checks what comes after the subject.
    return undefined
  }
  return { commonName: subject.getField('CN')[0] ?? '', organizations: subject.getField('O') }
}

function byOpenSsl(bytes: Buffer): CertificateIdentity | undefined {
  let subject: Readonly<Record<string, string | readonly string[] | undefined>>
  try {
    subject = { ...new X509Certificate(bytes).toLegacyObject().subject }
  } catch {
    // The same.
    return undefined
  }
  const all = (member: string | readonly string[] | undefined): readonly string[] =>
    typeof member === 'string' ? [member] : (member ?? [])
  return { commonName: all(subject['CN'])[0] ?? '', organizations: all(subject['O']) }
}
