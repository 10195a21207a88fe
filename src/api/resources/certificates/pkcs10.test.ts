import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ecRequest } from './pem.fixture.ts'
import { signatureProblem } from './pkcs10.ts'

const signed: Readonly<Record<string, string>> = {
  ECDSA: ecRequest,
  Ed25519:
    'MIGLMD8CAQAwDDEKMAgGA1UEAwwBYTAqMAUGAytlcAMhAJFaWkYBM1JoSH3iQ6hvBZ3ZE8lG0ViDi6qkWZupRUQ7oAAwBQYDK2VwA0EAvpKDP5osbCE0giUU7htr8TPKrstgrW6yRejAWR13zbwli6Jy6mfllYXMBg/WzKJDzwRl6hR7iqWJgDCyFTWtCQ==',
  RSA: 'MIIBSzCBtQIBADAMMQowCAYDVQQDDAFhMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC+AMWx8upH9rXnBO9aC7+IyppVHcNH7Q/WfOnUg9QlJ5o7lOusYnPX3sQCFqFOiY0jYAN9rLhdfiPjF/TDhPHI1YeF1o76yWWVevf3IRZHjK/zuPnKONBiWHALWy/C0PtPNxIAUV+HbnTTOsln+qnRwsMg/hq3frppRSGOfI/FJQIDAQABoAAwDQYJKoZIhvcNAQEMBQADgYEAGQS6L13bVumbeX4WNYPGX2Qz2Rt9hU2I3s29CH96TppnwAa/UZ2poGHX5nXswr1aAcsbGo2tJxDeWzreAHOYdQHs8Q561lgA6cgvbkfEKaMFK7Juai5v48OAp8bEEU2jMbmR5fV7gxv3UBTZISW9Md9x0CSaT2DkaQQo5UFW3mQ=',
  'RSA-PSS':
    'MIIBfzCBtQIBADAMMQowCAYDVQQDDAFhMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC+AMWx8upH9rXnBO9aC7+IyppVHcNH7Q/WfOnUg9QlJ5o7lOusYnPX3sQCFqFOiY0jYAN9rLhdfiPjF/TDhPHI1YeF1o76yWWVevf3IRZHjK/zuPnKONBiWHALWy/C0PtPNxIAUV+HbnTTOsln+qnRwsMg/hq3frppRSGOfI/FJQIDAQABoAAwQQYJKoZIhvcNAQEKMDSgDzANBglghkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgEFAKIDAgEgA4GBADncfy5RmC3JP2tBIOxG78rMY8wjNAxhrWXRuonlVomH3qOvmRgf0xBrS4oU0K/DlOb/sa4UVn2jMyXzxSgFxwOFqRGzT6wBpvkS6wiXfWI5O7BC54MQczGb6nMtZNC9KQX3SP0KxpBlL6O6DPaLNiPPhL5pCXMIQCymjg4LUEOp',
}
for (const [name, base64] of Object.entries(signed)) {
  const der = Buffer.from(base64, 'base64')
  test(`signatureProblem() accepts a request signed with ${name}`, () => {
    assert.equal(signatureProblem(der), undefined)
  })
  test(`signatureProblem() notices another subject under the same ${name} signature`, () => {
    const forged = Buffer.from(der)
    // The subject is `CN=a`.
    forged[forged.indexOf(Buffer.from([0x0c, 0x01, 0x61])) + 2] = 0x62
    assert.match(signatureProblem(forged) ?? '', /verification (failure|error)$/)
  })
}

const malformed: { name: string; der: Buffer; problem: RegExp }[] = [
  { name: 'nothing', der: Buffer.alloc(0), problem: /truncated/ },
  { name: 'a length beyond the end', der: Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), problem: /truncated/ },
  { name: 'another type', der: Buffer.from([0x02, 0x01, 0x00]), problem: /structure error/ },
  { name: 'an empty sequence', der: Buffer.from([0x30, 0x00]), problem: /structure error/ },
  { name: 'bytes after its end', der: Buffer.from([0x30, 0x00, 0x00]), problem: /trailing data/ },
]
for (const { name, der, problem } of malformed) {
  test(`signatureProblem() rejects ${name}`, () => {
    assert.match(signatureProblem(der) ?? '', problem)
  })
}
