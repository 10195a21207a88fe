import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PeerCertificate } from 'node:tls'
import { certificateFault, checkAlternativeNames } from './server-trust.ts'

const certificate = (subjectaltname: string | undefined) => ({ subject: { CN: 's.d.svc' }, subjectaltname }) as PeerCertificate

for (const [names, host, problem] of [
  [undefined, 's.d.svc', /legacy Common Name/],
  ['email:s@d.svc', 's.d.svc', /legacy Common Name/],
  ['URI:spiffe://d/DNS:s.d.svc', 's.d.svc', /legacy Common Name/],
  ['IP Address:10.0.0.1', 's.d.svc', /legacy Common Name/],
  ['DNS:other.d.svc, DNS:*.o.svc', 's.d.svc', /^x509: certificate is valid for other\.d\.svc, \*\.o\.svc, not s\.d\.svc$/],
  ['IP Address:10.0.0.1, DNS:s.d.svc', 's.d.svc', undefined],
  ['DNS:*.d.svc', 's.d.svc', undefined],
  ['IP Address:10.0.0.1', '10.0.0.1', undefined],
  [undefined, '10.0.0.1', /^x509: cannot validate certificate for 10\.0\.0\.1 because it doesn't contain any IP SANs$/],
] as const) {
  test(`a server with ${names ?? 'no alternative names'} is ${problem === undefined ? '' : 'not '}taken for ${host}`, () => {
    const found = checkAlternativeNames(host, certificate(names))
    if (problem === undefined) assert.equal(found, undefined)
    else assert.match(found?.message ?? '', problem)
  })
}

for (const [code, said] of [
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'x509: certificate signed by unknown authority'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'x509: certificate signed by unknown authority'],
  ['CERT_NOT_YET_VALID', 'x509: certificate has expired or is not yet valid'],
] as const) {
  test(`certificateFault() of ${code} is the message of Go's client`, () => {
    const err = Object.assign(new Error('try running Node.js with --use-system-ca'), { code })
    assert.equal(certificateFault(err), `tls: failed to verify certificate: ${said}`)
  })
}

test('certificateFault() is undefined for other errors', () => {
  assert.equal(certificateFault(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })), undefined)
})
