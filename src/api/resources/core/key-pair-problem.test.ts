import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { keyPairProblem } from './key-pair-problem.ts'

const pem = { type: 'pkcs8', format: 'pem' } as const
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pem).toString()
/** Of a P-256 key that is not kept; valid for a hundred years. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUKhTCyWHpEko3+0iwOnJvO6S99MwwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjUwMzM2MjJaGA8yMTI2MTEwMTAzMzYy
MlowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFyh
8LmWSMrLTY9d6bkYqnOmy1OanCOSY7jOCBSgHwUkY0CCh49dw3yTAOq+YH5E7zRf
jTo2NAGTFBVECHpAvdyjUzBRMB0GA1UdDgQWBBTsFMCpHDm4NkPy3zwZhMqxZLsN
bjAfBgNVHSMEGDAWgBTsFMCpHDm4NkPy3zwZhMqxZLsNbjAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIHZtdllmhrtgXVQw71SPBKLYUmQV7DwdtoWX
svxmvrxEAiEAhWn0b6R8TmqZ+UEeJfaTFkappPQKtercgbJXL4dS/8Y=
-----END CERTIFICATE-----
`
const request = '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n'
const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pem).toString()

const rows: readonly { name: string; certificate: string; key: string; problem: string | undefined }[] = [
  { name: 'no PEM at all', certificate: 'x', key, problem: 'tls: failed to find any PEM data in certificate input' },
  {
    name: 'a key for a certificate',
    certificate: key,
    key,
    problem: 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched',
  },
  {
    name: 'something else for a certificate',
    certificate: request,
    key,
    problem:
      'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [CERTIFICATE REQUEST]',
  },
  { name: 'no key', certificate, key: '', problem: 'tls: failed to find any PEM data in key input' },
  {
    name: 'a certificate for a key',
    certificate,
    key: certificate,
    problem: 'tls: found a certificate rather than a key in the PEM for the private key',
  },
  { name: 'a certificate that cannot be read', certificate: broken, key, problem: 'x509: malformed certificate' },
  {
    name: 'a key that cannot be read',
    certificate,
    key: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
    problem: 'tls: failed to parse private key',
  },
  { name: 'another key', certificate, key, problem: 'tls: private key does not match public key' },
  { name: 'a key of another type', certificate, key: rsa, problem: 'tls: private key type does not match public key type' },
]
for (const { name, certificate: given, key: givenKey, problem } of rows) {
  test(`keyPairProblem() of ${name}`, () => assert.equal(keyPairProblem(given, givenKey), problem))
}
