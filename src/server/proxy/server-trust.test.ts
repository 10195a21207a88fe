import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PeerCertificate } from 'node:tls'
import { checkAlternativeNames } from './server-trust.ts'

const certificate = (subjectaltname: string | undefined) => ({ subject: { CN: 's.d.svc' }, subjectaltname }) as PeerCertificate

for (const [names, host, problem] of [
  [undefined, 's.d.svc', /legacy Common Name/],
  ['email:s@d.svc', 's.d.svc', /legacy Common Name/],
  ['URI:spiffe://d/DNS:s.d.svc', 's.d.svc', /legacy Common Name/],
  ['IP Address:10.0.0.1', 's.d.svc', /legacy Common Name/],
  ['DNS:other.d.svc', 's.d.svc', /does not match certificate's altnames/],
  ['IP Address:10.0.0.1, DNS:s.d.svc', 's.d.svc', undefined],
  ['DNS:*.d.svc', 's.d.svc', undefined],
  ['IP Address:10.0.0.1', '10.0.0.1', undefined],
  [undefined, '10.0.0.1', /IP: 10.0.0.1 is not in the cert's list/],
] as const) {
  test(`a server with ${names ?? 'no alternative names'} is ${problem === undefined ? '' : 'not '}taken for ${host}`, () => {
    const found = checkAlternativeNames(host, certificate(names))
    if (problem === undefined) assert.equal(found, undefined)
    else assert.match(found?.message ?? '', problem)
  })
}
