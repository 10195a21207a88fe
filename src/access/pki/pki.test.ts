import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { test } from 'node:test'
import { testAuthority, testCertificate } from './certificate.fixture.ts'
import { parseCertificateIdentity, parseCsrIdentity } from './certificate-identity.ts'
import { DerError, der, derTag, readElements, readOne } from './der.ts'
import { createKeyAndCsr } from './key-and-csr.ts'

test('createKeyAndCsr() signs its request with its key', async () => {
  const { key, csr, csrPem } = await createKeyAndCsr({ commonName: 'system:node:n1', organizations: ['system:nodes'] })
  assert.deepEqual(parseCsrIdentity(csr), { commonName: 'system:node:n1', organizations: ['system:nodes'] })
  const [, , signature] = readElements(readOne(csr, derTag.sequence))
  const content = readOne(csr, derTag.sequence)
  const infoLength = 4 + content.readUInt16BE(2)
  const info =
    content[1] === 0x82
      ? content.subarray(0, infoLength)
      : content.subarray(0, 2 + (content[1] === 0x81 ? 1 + content.readUInt8(2) : content.readUInt8(1)))
  assert.ok(signature && verify('sha256', info, createPublicKey(key), signature.content.subarray(1)))
  assert.match(csrPem, /^-----BEGIN CERTIFICATE REQUEST-----\n/)
})

test('parseCertificateIdentity() reads common name and organizations in order', () => {
  const certificate = testCertificate(testAuthority(), { commonName: 'ünn', organizations: ['b', 'a'] })
  assert.deepEqual(parseCertificateIdentity(certificate), { commonName: 'ünn', organizations: ['b', 'a'] })
})

test('parseCertificateIdentity() throws DerError for every cut and for lengths that are not minimal', () => {
  const certificate = testCertificate(testAuthority())
  for (let length = 0; length < certificate.length; length++) {
    assert.throws(() => parseCertificateIdentity(certificate.subarray(0, length)), DerError)
  }
  for (const hex of ['308100', '30820001ff', '3080', '1f8100', '3084000000010a']) {
    assert.throws(() => readElements(Buffer.from(hex, 'hex')), DerError, hex)
  }
})

test('parseCsrIdentity() refuses texts that other readers take for another name', () => {
  const request = (tag: number, text: Buffer) => {
    const attribute = der(derTag.sequence, der(derTag.oid, Buffer.from('550403', 'hex')), der(tag, text))
    return der(derTag.sequence, der(derTag.sequence, der(derTag.integer), der(derTag.sequence, der(derTag.set, attribute))))
  }
  for (const tag of [derTag.utf8, 0x13, 0x14, 0x16]) assert.equal(parseCsrIdentity(request(tag, Buffer.from('ann'))).commonName, 'ann')
  assert.equal(parseCsrIdentity(request(derTag.utf8, Buffer.from('ünn'))).commonName, 'ünn')
  for (const tag of [0x13, 0x14, 0x16]) assert.throws(() => parseCsrIdentity(request(tag, Buffer.from('ünn'))), DerError)
  assert.throws(() => parseCsrIdentity(request(derTag.utf8, Buffer.from('\xfcnn', 'latin1'))), DerError)
  assert.throws(() => parseCsrIdentity(request(0x1e, Buffer.from('\0a\0n\0n'))), DerError)
})
