import assert from 'node:assert/strict'
import { createHmac, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { test } from 'node:test'
import { SignJWT } from 'jose'
import type { KubeObject } from '../../api/object.ts'
import { isReason } from '../../api/status.ts'
import type { Clock } from '../../base/clock.ts'
import { createAuthentication } from '../authenticate.ts'
import { joseAccepts } from '../jwt/jose.testing.ts'
import { newTestKey } from '../pki/certificate.fixture.ts'
import { createDenyList } from '../revocation.ts'
import { type IssueTokenParts, issueServiceAccountToken, type TokenRequestSpec } from '../tokens/issue-token.ts'
import { oidcDocuments } from '../tokens/oidc-discovery.ts'
import { createServiceAccountTokenAuthenticator } from './service-account-token.ts'

const { signal } = new AbortController()
const issuer = 'https://kubernetes.default.svc.cluster.local'
const remoteAddress = '192.0.2.1'
const start = 1_700_000_000

const encodeText = (text: string) => Buffer.from(text).toString('base64url')
const encode = (value: unknown) => encodeText(JSON.stringify(value))
function signed(claims: object, key: KeyObject, header: object = { alg: 'ES256', kid: 'k1', typ: 'JWT' }): string {
  return signedText(JSON.stringify(header), JSON.stringify(claims), key)
}

function signedText(header: string, claims: string, key: KeyObject): string {
  const input = `${encodeText(header)}.${encodeText(claims)}`
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

function setUp() {
  const key = newTestKey()
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
  const stored = new Map<string, KubeObject & { spec?: object }>([
    ['serviceaccounts/default/web', { metadata: { name: 'web', uid: 'sa-1' } }],
    ['pods/default/web-0', { metadata: { name: 'web-0', uid: 'pod-1' }, spec: { serviceAccountName: 'web', nodeName: 'n1' } }],
    ['pods/default/other', { metadata: { name: 'other', uid: 'pod-2' }, spec: { serviceAccountName: 'db' } }],
    ['secrets/default/s', { metadata: { name: 's', uid: 'secret-1' } }],
    ['nodes//n1', { metadata: { name: 'n1', uid: 'node-1' } }],
  ])
  const clock: Clock & { seconds: number } = {
    seconds: start,
    now() {
      return this.seconds * 1000
    },
    monotonic() {
      return this.seconds * 1000
    },
    sleep: () => Promise.resolve(),
  }
  const objects = {
    get: (resource: string, namespace: string, name: string) => stored.get(`${resource}/${namespace}/${name}`),
    onChange: () => () => undefined,
  }
  const parts: IssueTokenParts = { signToken: async claims => signed(claims, key), objects, clock }
  const authenticator = createServiceAccountTokenAuthenticator({
    issuer,
    audiences: [issuer],
    keys: [{ keyId: 'k1', publicKey }],
    objects,
    clock,
  })
  const denyList = createDenyList()
  const authenticate = createAuthentication({ authenticators: [authenticator], denyList })
  const issue = (spec: TokenRequestSpec = {}, more: Partial<IssueTokenParts> = {}) =>
    issueServiceAccountToken({ namespace: 'default', name: 'web' }, spec, { ...parts, ...more }, signal)
  const ask = async (token: string) => authenticate({ authorization: `Bearer ${token}`, remoteAddress })
  return { key, publicKey, stored, clock, issue, ask, authenticator, denyList }
}

const claimsOf = (token: string): Record<string, unknown> => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
const pod = { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'web-0', uid: 'pod-1' } }

test('a token bound to a pod is issued with upstream claims and authenticates', async () => {
  const { issue, ask } = setUp()
  const issued = await issue(pod)
  const { jti, ...claims } = claimsOf(issued.token)
  assert.deepEqual(claims, {
    aud: [issuer],
    exp: start + 3600,
    iat: start,
    iss: issuer,
    'kubernetes.io': {
      namespace: 'default',
      node: { name: 'n1', uid: 'node-1' },
      pod: { name: 'web-0', uid: 'pod-1' },
      serviceaccount: { name: 'web', uid: 'sa-1' },
    },
    nbf: start,
    sub: 'system:serviceaccount:default:web',
  })
  assert.equal(issued.expirationTimestamp, '2023-11-14T23:13:20Z')
  assert.equal(issued.credentialId, `JTI=${jti}`)
  const decided = await ask(issued.token)
  assert.ok(decided.outcome === 'authenticated')
  assert.deepEqual(decided.user, {
    name: 'system:serviceaccount:default:web',
    uid: 'sa-1',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    extra: {
      'authentication.kubernetes.io/credential-id': [`JTI=${jti}`],
      'authentication.kubernetes.io/node-name': ['n1'],
      'authentication.kubernetes.io/node-uid': ['node-1'],
      'authentication.kubernetes.io/pod-name': ['web-0'],
      'authentication.kubernetes.io/pod-uid': ['pod-1'],
    },
  })
  assert.equal(decided.credentialId, `jwt:${jti}`)
})

test('the authenticator accepts tokens that jose signed', async () => {
  const { key, ask, issue } = setUp()
  const claims = claimsOf((await issue()).token)
  assert.equal((await ask(await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(key))).outcome, 'authenticated')
})

test('the authenticator reads an escaped name in a header right after another token in which its text was a name', async () => {
  const { key, ask, issue } = setUp()
  const claims = claimsOf((await issue()).token)
  const token = (header: string) => signedText(header, JSON.stringify(claims), key)
  assert.equal((await ask(token(String.raw`{"alg":"ES256","\\u0":"k1"}`))).outcome, 'rejected')
  assert.equal((await ask(token(String.raw`{"alg":"ES256","\u006bid":"k1"}`))).outcome, 'authenticated')
})

type World = ReturnType<typeof setUp>
const hmac = (world: World, claims: object, header: object) => {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${createHmac('sha256', world.publicKey).update(input).digest('base64url')}`
}
const forgeries: { name: string; token: (world: World, claims: Record<string, unknown>, good: string) => string }[] = [
  { name: 'algorithm none', token: (_, claims) => `${encode({ alg: 'none', kid: 'k1' })}.${encode(claims)}.` },
  {
    name: 'algorithm none with the old signature',
    token: (_, claims, good) => `${encode({ alg: 'none', kid: 'k1' })}.${encode(claims)}.${good.split('.')[2]}`,
  },
  { name: 'HS256 with the public key as secret', token: (world, claims) => hmac(world, claims, { alg: 'HS256', kid: 'k1' }) },
  { name: 'HMAC under the name ES256', token: (world, claims) => hmac(world, claims, { alg: 'ES256', kid: 'k1' }) },
  { name: 'another key', token: (_, claims) => signed(claims, newTestKey()) },
  { name: 'no key name', token: (world, claims) => signed(claims, world.key, { alg: 'ES256' }) },
  { name: 'a path as key name', token: (world, claims) => signed(claims, world.key, { alg: 'ES256', kid: '../../k1' }) },
  { name: 'a key name of the prototype', token: (world, claims) => signed(claims, world.key, { alg: 'ES256', kid: '__proto__' }) },
  {
    name: 'a key in the header',
    token: (_, claims) => {
      const own = newTestKey()
      return signed(claims, own, { alg: 'ES256', kid: 'k2', jwk: createPublicKey(own).export({ format: 'jwk' }) })
    },
  },
  {
    name: 'a critical extension',
    token: (world, claims) => signed(claims, world.key, { alg: 'ES256', kid: 'k1', crit: ['b64'], b64: false }),
  },
  {
    name: 'another subject in the body',
    token: (_, claims, good) =>
      [good.split('.')[0], encode({ ...claims, sub: 'system:serviceaccount:kube-system:x' }), good.split('.')[2]].join('.'),
  },
  {
    name: 'a subject that contradicts the claims',
    token: (world, claims) => signed({ ...claims, sub: 'system:serviceaccount:kube-system:x' }, world.key),
  },
  { name: 'another issuer', token: (world, claims) => signed({ ...claims, iss: 'https://evil' }, world.key) },
  { name: 'no end', token: (world, claims) => signed({ ...claims, exp: undefined }, world.key) },
  { name: 'an end that is text', token: (world, claims) => signed({ ...claims, exp: '9999999999' }, world.key) },
  { name: 'expired by one second', token: (world, claims) => signed({ ...claims, exp: start - 1 }, world.key) },
  { name: 'ending now', token: (world, claims) => signed({ ...claims, exp: start }, world.key) },
  { name: 'valid in the future only', token: (world, claims) => signed({ ...claims, nbf: start + 1 }, world.key) },
  { name: 'issued in the future', token: (world, claims) => signed({ ...claims, iat: start + 1 }, world.key) },
  { name: 'another audience', token: (world, claims) => signed({ ...claims, aud: ['vault'] }, world.key) },
  { name: 'no audience', token: (world, claims) => signed({ ...claims, aud: [] }, world.key) },
  { name: 'no identifier', token: (world, claims) => signed({ ...claims, jti: undefined }, world.key) },
  { name: 'a padded signature', token: (_, __, good) => `${good}==` },
  { name: 'a cut signature', token: (_, __, good) => good.slice(0, -4) },
  { name: 'a fourth part', token: (_, __, good) => `${good}.x` },
]
/** Where jose is less strict: it does not know the claims of ServiceAccounts, tries a single key without a name, and reads base64 with padding. */
const joseAccepted: ReadonlySet<string> = new Set([
  'no key name',
  'a subject that contradicts the claims',
  'issued in the future',
  'no identifier',
  'a padded signature',
])

function acceptedByJose({ key, clock }: World, token: string): Promise<boolean> {
  const jwk = { ...createPublicKey(key).export({ format: 'jwk' }), kid: 'k1', alg: 'ES256' }
  return joseAccepts(token, [jwk], { issuer, audience: issuer, algorithms: ['ES256'], now: clock.now() })
}

for (const { name, token } of forgeries) {
  test(`createAuthentication() rejects a token: ${name}`, async () => {
    const world = setUp()
    const good = (await world.issue(pod)).token
    assert.equal((await world.ask(good)).outcome, 'authenticated')
    assert.ok(await acceptedByJose(world, good))
    const forged = token(world, claimsOf(good), good)
    assert.equal((await world.ask(forged)).outcome, 'rejected')
    assert.equal(await acceptedByJose(world, forged), joseAccepted.has(name))
  })
}

const invalidated = 'service account token has been invalidated'
const gone: { name: string; spec: TokenRequestSpec; change: (world: World) => void; reason: string }[] = [
  {
    name: 'the account is deleted',
    spec: {},
    change: ({ stored }) => stored.delete('serviceaccounts/default/web'),
    reason: 'serviceaccounts "web" not found',
  },
  {
    name: 'the account is about to go',
    spec: {},
    change: ({ stored }) =>
      stored.set('serviceaccounts/default/web', { metadata: { uid: 'sa-1', deletionTimestamp: '2023-11-14T22:13:20Z' } }),
    reason: 'service account default/web has been deleted',
  },
  {
    name: 'the account is another of that name',
    spec: {},
    reason: 'service account UID (sa-2) does not match claim (sa-1)',
    change: ({ stored }) => stored.set('serviceaccounts/default/web', { metadata: { uid: 'sa-2' } }),
  },
  { name: 'the pod is deleted', spec: pod, change: ({ stored }) => stored.delete('pods/default/web-0'), reason: invalidated },
  {
    name: 'the pod is another of that name',
    spec: pod,
    reason: 'pod UID (pod-9) does not match service account pod ref claim (pod-1)',
    change: ({ stored }) => stored.set('pods/default/web-0', { metadata: { uid: 'pod-9' } }),
  },
  {
    name: 'the pod has had its grace',
    spec: pod,
    reason: invalidated,
    change: ({ stored }) => stored.set('pods/default/web-0', { metadata: { uid: 'pod-1', deletionTimestamp: '2023-11-14T22:13:20Z' } }),
  },
  {
    name: 'the secret is deleted',
    spec: { boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 's' } },
    change: ({ stored }) => stored.delete('secrets/default/s'),
    reason: invalidated,
  },
  {
    name: 'the node is deleted',
    spec: { boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: 'n1' } },
    change: ({ stored }) => stored.delete('nodes//n1'),
    reason: invalidated,
  },
  {
    name: 'time has passed',
    spec: {},
    change: ({ clock }) => Object.assign(clock, { seconds: clock.seconds + 3600 }),
    reason: 'service account token has expired',
  },
  {
    name: 'the token is denied',
    spec: {},
    change: world => world.denyList.replace([{ kind: 'user-uid', value: 'sa-1' }]),
    reason: 'the user is denied',
  },
]
for (const { name, spec, change, reason } of gone) {
  test(`a cached token is refused at once when ${name}`, async () => {
    const world = setUp()
    const { token } = await world.issue(spec)
    assert.equal((await world.ask(token)).outcome, 'authenticated')
    change(world)
    const { outcome, ...answer } = await world.ask(token)
    assert.deepEqual([outcome, 'reason' in answer && answer.reason], ['rejected', reason])
  })
}

test('a pod that is being stopped keeps its token until its grace ends', async () => {
  const world = setUp()
  const { token } = await world.issue(pod)
  world.stored.set('pods/default/web-0', { metadata: { uid: 'pod-1', deletionTimestamp: '2023-11-14T22:13:50Z' } })
  assert.equal((await world.ask(token)).outcome, 'authenticated')
})

test('verifyToken() validates for the given audiences', async () => {
  const { issue, authenticator, ask } = setUp()
  const { token } = await issue({ audiences: ['vault', 'other'] })
  assert.equal((await ask(token)).outcome, 'rejected')
  const decided = authenticator.verifyToken(token, ['vault', issuer])
  assert.equal(decided.outcome, 'authenticated')
  assert.deepEqual(decided.audiences, ['vault'])
  assert.deepEqual(authenticator.verifyToken(token, ['other', 'x', 'vault']).audiences, ['other', 'vault'])
  const refused = authenticator.verifyToken(token, ['a', 'b'])
  assert.ok(refused.outcome === 'rejected')
  assert.equal(refused.reason, 'token audiences ["vault" "other"] is invalid for the target audiences ["a" "b"]')
})

const refusals: { name: string; spec: TokenRequestSpec; reason: 'Invalid' | 'BadRequest' | 'Conflict' | 'NotFound'; message: RegExp }[] = [
  {
    name: 'too short',
    spec: { expirationSeconds: 599 },
    reason: 'Invalid',
    message: /spec\.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes/,
  },
  {
    name: 'too long',
    spec: { expirationSeconds: 2 ** 33 },
    reason: 'Invalid',
    message: /may not specify a duration larger than 2\^32 seconds/,
  },
  {
    name: 'too many audiences',
    spec: { audiences: Array.from({ length: 500 }, (_, index) => `audience-${index}`) },
    reason: 'Invalid',
    message: /spec\.audiences: Too long: may not be more than 4096 bytes/,
  },
  {
    name: 'an audience of too many bytes in fewer characters',
    spec: { audiences: ['\u4e2d'.repeat(4080)] },
    reason: 'Invalid',
    message: /spec\.audiences: Too long: may not be more than 4096 bytes/,
  },
  ...(['kind', 'apiVersion', 'name', 'uid'] as const).map(field => ({
    name: `a bound object whose ${field} is too long`,
    spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'web-0', [field]: '\u4e2d'.repeat(85) } },
    reason: 'Invalid' as const,
    message: new RegExp(`spec\\.boundObjectRef\\.${field}: Too long: may not be more than 253 bytes$`),
  })),
  {
    name: 'a missing pod',
    spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'x' } },
    reason: 'NotFound',
    message: /pods "x" not found/,
  },
  {
    name: 'a pod of another account',
    spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'other' } },
    reason: 'BadRequest',
    message: /different serviceaccount name/,
  },
  {
    name: 'another uid',
    spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'web-0', uid: 'x' } },
    reason: 'Conflict',
    message: /does not match the UID in record/,
  },
  {
    name: 'a pod of another group',
    spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'apps/v1', name: 'web-0' } },
    reason: 'BadRequest',
    message: /cannot bind token to object of type apps\/v1, Kind=Pod/,
  },
  {
    name: 'another kind',
    spec: { boundObjectRef: { kind: 'Deployment', apiVersion: 'apps/v1', name: 'x' } },
    reason: 'BadRequest',
    message: /cannot bind token to object of type apps\/v1, Kind=Deployment/,
  },
]
test('issueServiceAccountToken() binds to a pod whichever version of the core group is named', async () => {
  for (const version of [{}, { apiVersion: 'v1' }, { apiVersion: 'v2' }]) {
    await setUp().issue({ boundObjectRef: { kind: 'Pod', name: 'web-0', ...version } })
  }
  await assert.rejects(setUp().issue({ boundObjectRef: { kind: 'Pod', name: 'web-1' } }), err => isReason(err, 'NotFound'))
})

for (const { name, spec, reason, message } of refusals) {
  test(`issueServiceAccountToken() refuses ${name}`, async () => {
    await assert.rejects(setUp().issue(spec), (err: unknown) => isReason(err, reason) && message.test(err.message))
  })
}

test('issueServiceAccountToken() limits the lifetime to a year and reports it, and extends projected tokens only if configured', async () => {
  const { issue } = setUp()
  const long = await issue({ expirationSeconds: 1_000_000_000 })
  assert.deepEqual(long.warnings, ['requested expiration of 1000000000 seconds shortened to 31622400 seconds'])
  const projected = { ...pod, expirationSeconds: 3607 }
  assert.equal(claimsOf((await issue(projected)).token)['exp'], start + 3607)
  const extended = await issue(projected, { extendProjected: true })
  const claims = claimsOf(extended.token)
  assert.equal(claims['exp'], start + 365 * 86_400)
  assert.equal(JSON.stringify(claims['kubernetes.io']).includes(`"warnafter":${start + 3607}`), true)
  assert.equal(extended.expirationSeconds, 3607)
})

test('oidcDocuments() publish the key under its name', () => {
  const { publicKey } = setUp()
  const { configuration, keySet } = oidcDocuments(issuer, `${issuer}/openid/v1/jwks`, [{ keyId: 'k1', publicKey }])
  assert.equal(JSON.parse(configuration).issuer, issuer)
  const [key] = JSON.parse(keySet).keys
  assert.equal(key.kid, 'k1')
  assert.equal('d' in key, false)
})
