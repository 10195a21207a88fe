import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { ownTokenKeys } from '../jwt/own-token.ts'
import type { Authenticated } from '../revocation.ts'
import { createDenyList } from '../revocation.ts'
import { issueRegistryToken, verifyRegistryToken } from './registry-token.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const keys = ownTokenKeys([{ keyId: 'k', publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() }])
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const signToken = async (claims: object): Promise<string> => {
  const input = `${encode({ alg: 'ES256', kid: 'k' })}.${encode(claims)}`
  return `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}
const clockAt = (now: number) => ({ ...systemClock, now: () => now })
const issuer = 'https://issuer'
const signal = new AbortController().signal
const ada: Authenticated = {
  outcome: 'authenticated',
  user: { name: 'ada', groups: ['builders', 'system:authenticated'] },
  credentialId: 'x509:00ff',
  authenticator: 'x509',
}
const issue = (of: Authenticated = ada) => issueRegistryToken(of, 600, { issuer, clock: clockAt(0), signToken }, signal)
const verify = (token: string, now = 1000, denyList = createDenyList()) =>
  verifyRegistryToken(token, { issuer, keys, clock: clockAt(now), denyList })

test('a registry token says who its user is, until it expires', async () => {
  const { token, expirationTimestamp } = await issue()
  const verified = verify(token)
  assert.equal(verified.outcome, 'authenticated')
  assert.deepEqual(verified.outcome === 'authenticated' && [verified.user.name, verified.user.groups], ['ada', ada.user.groups])
  assert.equal(expirationTimestamp, '1970-01-01T00:10:00Z')
  assert.equal(verify(token, 600_000).outcome, 'rejected')
})

test('a registry token ends with the credential with which it was requested', async () => {
  const { expirationTimestamp } = await issue({ ...ada, expires: 60_000 })
  assert.equal(expirationTimestamp, '1970-01-01T00:01:00Z')
  const { token } = await issue()
  for (const denial of [
    { kind: 'certificate', value: '00:FF' },
    { kind: 'user-name', value: 'ada' },
  ] as const)
    assert.equal(verify(token, 1000, createDenyList([denial])).outcome, 'rejected', denial.kind)
})

const claims = { aud: ['registry.bulkhead.dev'], exp: 600, iat: 0, nbf: 0, iss: issuer, jti: 'j', sub: 'ada' }
const content = { groups: [], credentials: ['x509:00'] }
const rows: readonly (readonly [what: string, claims: object, outcome: string])[] = [
  ['of another kind', claims, 'no-opinion'],
  ['of another issuer', { ...claims, iss: 'https://other', 'bulkhead.dev': content }, 'no-opinion'],
  ['for more than the registry', { ...claims, aud: ['registry.bulkhead.dev', 'x'], 'bulkhead.dev': content }, 'rejected'],
  ['that claims to be of a ServiceAccount', { ...claims, sub: 'system:serviceaccount:a:b', 'bulkhead.dev': content }, 'rejected'],
  ['without groups', { ...claims, 'bulkhead.dev': { credentials: [] } }, 'rejected'],
  ['that is complete', { ...claims, 'bulkhead.dev': content }, 'authenticated'],
]
for (const [what, given, outcome] of rows)
  test(`verifyRegistryToken() answers ${outcome} for a token ${what}`, async () =>
    assert.equal(verify(await signToken(given)).outcome, outcome))

test('verifyRegistryToken() rejects a token whose claims were changed', async () => {
  const [head, , signature] = (await issue()).token.split('.')
  assert.equal(verify(`${head}.${encode({ ...claims, sub: 'eve', 'bulkhead.dev': content })}.${signature}`).outcome, 'rejected')
})
