import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../../base/clock.ts'
import { createAuthentication } from '../authenticate.ts'
import { newTestKey, type TestCertificate, testAuthority, testCertificate } from '../pki/certificate.fixture.ts'
import { createDenyList } from '../revocation.ts'
import { createClientCertificateAuthenticator } from './client-certificate.ts'

const remoteAddress = '192.0.2.1'
const now = Date.now()
const clock = (): Clock & { time: number } => ({
  time: now,
  now() {
    return this.time
  },
  monotonic() {
    return this.time
  },
  sleep: () => Promise.resolve(),
})
const authority = testAuthority()
const authenticator = createClientCertificateAuthenticator({ authorities: authority.pem, clock: clock() })
const authenticate = createAuthentication({ authenticators: [authenticator] })
const outcome = (peerCertificate: Buffer) => authenticate({ peerCertificate, remoteAddress })

test('createClientCertificateAuthenticator() reads user, groups and the credential', async () => {
  const certificate = testCertificate(authority, { commonName: 'ann', organizations: ['dev', 'ops, O=system:masters\nO=x'] })
  const decided = await authenticator.authenticate({ peerCertificate: certificate, remoteAddress })
  assert.ok(decided.outcome === 'authenticated')
  assert.equal(decided.user.name, 'ann')
  assert.deepEqual(decided.user.groups, ['dev', 'ops, O=system:masters\nO=x', 'system:authenticated'])
  assert.match(decided.credentialId, /^x509:[0-9a-f]{64}$/)
  assert.deepEqual(decided.user.extra?.['authentication.kubernetes.io/credential-id'], [`X509SHA256=${decided.credentialId.slice(5)}`])
})

const day = 86_400_000
const subCa = { name: 'ann', key: newTestKey() }
const attacks: { name: string; certificate: () => Buffer; reason: RegExp }[] = [
  {
    name: 'another authority of the same subject',
    certificate: () => testCertificate(testAuthority()),
    reason: /not issued by a trusted authority/,
  },
  {
    name: 'issued by a leaf',
    certificate: () => testCertificate(subCa, { commonName: 'root' }),
    reason: /not issued by a trusted authority/,
  },
  {
    name: 'issued by a sub-authority',
    certificate: () => testCertificate({ name: 'sub', key: newTestKey() }),
    reason: /not issued by a trusted authority/,
  },
  {
    name: 'self-signed with the authority name',
    certificate: () => testCertificate({ name: authority.name, key: newTestKey() }),
    reason: /not issued/,
  },
  {
    name: 'an authority as a client',
    certificate: () => testCertificate(authority, { isAuthority: true }),
    reason: /that of an authority/,
  },
  { name: 'for servers', certificate: () => testCertificate(authority, { usage: 'server' }), reason: /not for client authentication/ },
  { name: 'for no purpose', certificate: () => testCertificate(authority, { usage: undefined }), reason: /not for client authentication/ },
  { name: 'expired', certificate: () => testCertificate(authority, { notAfter: now - 1000 }), reason: /has expired/ },
  { name: 'not yet valid', certificate: () => testCertificate(authority, { notBefore: now + day / 2 }), reason: /not valid yet/ },
  { name: 'without a name', certificate: () => testCertificate(authority, { commonName: '' }), reason: /has no common name/ },
  {
    name: 'with an unknown critical extension',
    certificate: () => testCertificate(authority, { extensions: [{ oid: '2a0304', critical: true, value: Buffer.from([5, 0]) }] }),
    reason: /unknown critical extension 1\.2\.3\.4/,
  },
  { name: 'nonsense', certificate: () => Buffer.from('nonsense'), reason: /cannot be read/ },
  {
    name: 'with a changed byte',
    certificate: () => {
      const good = testCertificate(authority, { commonName: 'ann' })
      const at = good.indexOf('ann')
      return Buffer.concat([good.subarray(0, at), Buffer.from('bob'), good.subarray(at + 3)])
    },
    reason: /not issued by a trusted authority/,
  },
]
for (const { name, certificate, reason } of attacks) {
  test(`CVE-2016-7075: createAuthentication() rejects a client certificate: ${name}`, async () => {
    const decided = await outcome(certificate())
    assert.ok(decided.outcome === 'rejected', decided.outcome)
    assert.match(decided.reason, reason)
  })
}

test('createClientCertificateAuthenticator() accepts an unknown extension that is not critical', async () => {
  const certificate = testCertificate(authority, { extensions: [{ oid: '2a0304', critical: false, value: Buffer.from([5, 0]) }] })
  assert.equal((await outcome(certificate)).outcome, 'authenticated')
})

test('createClientCertificateAuthenticator() checks the time on every request, cached or not', async () => {
  const time = clock()
  const timed = createClientCertificateAuthenticator({ authorities: authority.pem, clock: time })
  const peerCertificate = testCertificate(authority, { notAfter: time.time + 10_000 })
  const now = async () => (await timed.authenticate({ peerCertificate, remoteAddress })).outcome
  assert.equal(await now(), 'authenticated')
  time.time += 11_000
  assert.equal(await now(), 'rejected')
})

const badAuthorities: { name: string; content: TestCertificate; error: RegExp }[] = [
  { name: 'no authority', content: { isAuthority: false }, error: /not a certificate authority/ },
  {
    name: 'name constraints',
    content: { extensions: [{ oid: '551d1e', critical: true, value: Buffer.from([0x30, 0]) }] },
    error: /name constraints/,
  },
]
for (const { name, content, error } of badAuthorities) {
  test(`createClientCertificateAuthenticator() does not trust: ${name}`, () => {
    assert.throws(() => createClientCertificateAuthenticator({ authorities: testAuthority('x', content).pem, clock: clock() }), error)
  })
}

test('the deny list rejects a certificate by fingerprint and by serial, at once, and ends its streams', async () => {
  const denyList = createDenyList()
  const guarded = createAuthentication({ authenticators: [authenticator], denyList })
  const peerCertificate = testCertificate(authority)
  const first = await guarded({ peerCertificate, remoteAddress })
  assert.ok(first.outcome === 'authenticated')
  const ended: string[] = []
  const stop = denyList.whenDenied(first, reason => ended.push(reason))
  const other = testCertificate(authority, { commonName: 'bob' })
  denyList.replace([{ kind: 'certificate', value: first.credentialId.slice(5).toUpperCase() }])
  assert.deepEqual(ended, ['the credential is revoked'])
  assert.equal((await guarded({ peerCertificate, remoteAddress })).outcome, 'rejected')
  assert.equal((await guarded({ peerCertificate: other, remoteAddress })).outcome, 'authenticated')
  const serial = first.credentialAliases?.[0]?.slice('x509-serial:'.length) ?? ''
  denyList.replace([{ kind: 'certificate-serial', value: serial }])
  assert.equal((await guarded({ peerCertificate, remoteAddress })).outcome, 'rejected')
  denyList.replace([{ kind: 'user-name', value: 'ann' }])
  assert.equal((await guarded({ peerCertificate, remoteAddress })).outcome, 'rejected')
  stop()
})

test('createAuthentication() has no opinion only without a credential', async () => {
  assert.deepEqual(await authenticate({ remoteAddress }), { outcome: 'no-opinion' })
  for (const authorization of ['Bearer x', 'Basic YTpi', 'Bearer', 'Bearer a b', `Bearer ${'x'.repeat(20_000)}`]) {
    assert.equal((await authenticate({ authorization, remoteAddress })).outcome, 'rejected', authorization.slice(0, 20))
  }
})

test('createAuthentication() rejects if an authenticator fails, without repeating its message', async () => {
  const failing = { name: 'broken', authenticate: () => Promise.reject(new Error('secret-token')) }
  const decided = await createAuthentication({ authenticators: [failing] })({ authorization: 'Bearer secret-token', remoteAddress })
  assert.ok(decided.outcome === 'rejected' && !decided.reason.includes('secret-token'))
})
