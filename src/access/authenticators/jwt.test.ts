import assert from 'node:assert/strict'
import { createHmac, createPublicKey, sign } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { until } from '../../base/testing/wait-until.testing.ts'
import { joseAccepts } from '../jwt/jose.testing.ts'
import { type Claims, forgedToken, publicJwk, TestIssuer, testKey } from '../jwt/test-issuer.testing.ts'
import { later, noKeyFits, openWorld, second, World } from './jwt.testing.ts'

const supportedAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512']

for (const algorithm of supportedAlgorithms) {
  test(`a token signed with ${algorithm} authenticates the user in its claims, and its issuer is asked once`, async () => {
    await using world = await openWorld()
    world.issuer.keys = [testKey(algorithm)]
    const token = await world.token({ groups: ['dev', 'ops'], jti: 'id-1' })
    const decided = await world.ask(token)
    const { source: _, ...shown } = decided.outcome === 'authenticated' ? decided : assert.fail('refused')
    assert.deepEqual(shown, {
      outcome: 'authenticated',
      user: {
        name: 'ext:ann',
        groups: ['ext:dev', 'ext:ops', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': ['JTI=id-1'] },
      },
      credentialId: 'jwt:id-1',
      authenticator: 'jwt',
      expires: world.clock.ms + 600 * second,
    })
    assert.equal(await world.ask(token), decided)
    assert.ok(await acceptedByJose(world, token))
    await world.user(await world.token({ sub: 'bob' }))
    assert.deepEqual(world.issuer.asked, ['/.well-known/openid-configuration', '/keys'])
  })
}

interface Forgery {
  readonly name: string
  readonly token: (world: World) => string | Promise<string>
  readonly reason: string
}

const signer = ({ issuer }: World) => issuer.keys[0] ?? assert.fail('no key')
const header = (world: World): Claims => ({ alg: 'ES256', kid: signer(world).keyId })
const forged = (world: World, head: Claims | string, claims: Claims | string = world.claims()) =>
  forgedToken(signer(world).key, head, claims)
const withHmac = (world: World, alg: string, secret: string | Buffer) => {
  const [head, body] = forgedToken(signer(world).key, { ...header(world), alg }, world.claims()).split('.')
  return `${head}.${body}.${createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url')}`
}
const publicPem = (world: World) => createPublicKey(signer(world).key).export({ type: 'spki', format: 'pem' })
const wrongAlgorithm = `oidc: verify token: oidc: id token signed with unsupported algorithm, expected [${supportedAlgorithms.join(' ')}]`
const malformed = 'oidc: verify token: oidc: malformed jwt'
const nobodys = 'no authenticator accepts the bearer token'
const otherKey = testKey('ES256')
const expired = 'oidc: verify token: oidc: token is expired'
const wrongAudience = 'oidc: verify token: oidc: expected audience in ["kubernetes"]'

const forgeries: readonly Forgery[] = [
  { name: 'with another key of the same name', token: world => world.token({}, otherKey), reason: noKeyFits },
  { name: 'with the algorithm none', token: world => `${forged(world, { alg: 'none' }).replace(/[^.]*$/, '')}`, reason: wrongAlgorithm },
  { name: 'with an HMAC by the public key', token: world => withHmac(world, 'HS256', publicPem(world)), reason: wrongAlgorithm },
  { name: 'with an HMAC by the public key as ES256', token: world => withHmac(world, 'ES256', publicPem(world)), reason: noKeyFits },
  { name: 'of an algorithm that the key is not for', token: world => forged(world, { ...header(world), alg: 'RS256' }), reason: noKeyFits },
  {
    name: 'by a key of another kind than its algorithm',
    token: world => {
      const input = forged(world, { ...header(world), alg: 'RS256' }).replace(/\.[^.]*$/, '')
      return `${input}.${sign('sha256', Buffer.from(input), signer(world).key).toString('base64url')}`
    },
    reason: noKeyFits,
  },
  {
    name: 'of an algorithm named like a prototype',
    token: world => forged(world, { ...header(world), alg: '__proto__' }),
    reason: wrongAlgorithm,
  },
  {
    name: 'of an algorithm that is not a string',
    token: world => forged(world, { ...header(world), alg: ['ES256'] }),
    reason: wrongAlgorithm,
  },
  {
    name: 'with a critical extension',
    token: world => forged(world, { ...header(world), crit: ['b64'] }),
    reason: `${malformed}: it demands an extension`,
  },
  { name: 'with a header that is not JSON', token: world => forged(world, '{"alg":"ES256"'), reason: malformed },
  { name: 'with a header that is a list', token: world => forged(world, '["ES256"]'), reason: malformed },
  { name: 'with a key name that is not a string', token: world => forged(world, { ...header(world), kid: 1 }), reason: malformed },
  {
    name: 'with a key of its own in the header',
    token: world => forgedToken(otherKey.key, { ...header(world), jwk: publicJwk(otherKey) }, world.claims()),
    reason: noKeyFits,
  },
  { name: 'with a cut signature', token: async world => (await world.token()).slice(0, -4), reason: noKeyFits },
  { name: 'without a signature', token: async world => (await world.token()).replace(/[^.]*$/, ''), reason: noKeyFits },
  { name: 'with a padded signature', token: async world => `${await world.token()}==`, reason: noKeyFits },
  {
    name: 'with changed claims',
    token: async world => {
      const [head, , signature] = (await world.token()).split('.')
      return [head, Buffer.from(JSON.stringify(world.claims({ sub: 'root' }))).toString('base64url'), signature].join('.')
    },
    reason: noKeyFits,
  },
  { name: 'expired', token: world => world.token({ exp: later(world, 0) }), reason: expired },
  { name: 'without an end', token: world => world.token({ exp: undefined }), reason: expired },
  {
    name: 'with an end that is not a number',
    token: world => forged(world, header(world), world.claims({ exp: '9999999999' })),
    reason: 'oidc: verify token: oidc: failed to unmarshal claims: "exp"',
  },
  {
    name: 'with an end that no time is',
    token: world => forged(world, header(world), world.claims({ exp: 1e300 })),
    reason: 'oidc: verify token: oidc: failed to unmarshal claims: "exp"',
  },
  {
    name: 'with a beginning that is not a number',
    token: world => forged(world, header(world), world.claims({ iat: {} })),
    reason: 'oidc: verify token: oidc: failed to unmarshal claims: "iat"',
  },
  {
    name: 'not yet valid, by more than the leeway',
    token: world => world.token({ nbf: later(world, 61) }),
    reason: 'oidc: verify token: oidc: current time before the nbf (not before) time',
  },
  { name: 'for another audience', token: world => world.token({ aud: ['vault'] }), reason: wrongAudience },
  { name: 'for no audience', token: world => world.token({ aud: [] }), reason: wrongAudience },
  {
    name: 'for audiences that are no texts',
    token: world => world.token({ aud: [1, 'kubernetes'] as never }),
    reason: 'oidc: verify token: oidc: failed to unmarshal claims: "aud"',
  },
  { name: 'of another issuer', token: world => world.token({ iss: 'https://other.example' }), reason: nobodys },
  { name: 'of an issuer with a slash more', token: world => world.token({ iss: `${world.issuer.url}/` }), reason: nobodys },
  {
    name: 'of an issuer that is not a string',
    token: world => forged(world, header(world), world.claims({ iss: [world.issuer.url] })),
    reason: nobodys,
  },
  {
    name: 'of an issuer that stands in the prototype',
    token: world => forged(world, header(world), `{"__proto__":${JSON.stringify(world.claims())}}`),
    reason: nobodys,
  },
  { name: 'with a fourth part', token: async world => `${await world.token()}.x`, reason: nobodys },
  {
    name: 'nested deeper than is read',
    token: world => forged(world, header(world), `{"iss":"${world.issuer.url}","a":${'['.repeat(600)}${']'.repeat(600)}}`),
    reason: nobodys,
  },
  { name: 'larger than is read', token: world => world.token({ a: 'x'.repeat(16_384) }), reason: 'the bearer token is too long' },
  {
    name: 'without a user',
    token: world => world.token({ sub: undefined }),
    reason: 'oidc: parse username claims "sub": claim not present',
  },
]

/** What jose does not reject: base64 with padding, any number as expiry, lists with one matching audience, and any size. */
const joseAccepted: ReadonlySet<string> = new Set([
  'with a padded signature',
  'with an end that no time is',
  'for audiences that are no texts',
  'larger than is read',
  'without a user',
])

function acceptedByJose({ issuer: { url, keys }, clock }: World, token: string): Promise<boolean> {
  const expected = { issuer: url, audience: 'kubernetes', algorithms: supportedAlgorithms, now: clock.ms }
  return joseAccepts(
    token,
    keys.map(key => publicJwk(key)),
    expected,
  )
}

for (const { name, token, reason } of forgeries) {
  test(`a token is refused: ${name}`, async () => {
    await using world = await openWorld()
    const wrong = await token(world)
    assert.equal(await world.refusal(wrong), reason)
    await world.user(await world.token())
    assert.equal(await world.refusal(wrong), reason)
    assert.equal(await acceptedByJose(world, wrong), joseAccepted.has(name))
    assert.ok(wrong.split('.').every(part => part.length < 20 || world.logLines.every(line => !line.includes(part))))
  })
}

test('a token that could not be accepted does not make the server ask its issuer', async () => {
  await using world = await openWorld()
  for (const claims of [{ aud: 'vault' }, { exp: 1 }, { nbf: later(world, 61) }]) await world.refusal(await world.token(claims))
  await world.refusal(forged(world, { alg: 'none' }))
  assert.deepEqual(world.issuer.asked, [])
})

test('a token is taken a minute before it is valid, as upstream does it, and for one of several audiences', async () => {
  await using world = await openWorld({ issuer: { audiences: ['a', 'kubernetes'], audienceMatchPolicy: 'MatchAny' } })
  await world.user(await world.token({ nbf: later(world, 60), aud: ['x', 'kubernetes'] }))
})

test('a token that is kept is refused at once when it has expired, when its key is withdrawn, and when it is denied', async () => {
  await using world = await openWorld()
  const token = await world.token({ jti: 'id-1' })
  await world.user(token)
  world.denyList.replace([{ kind: 'token', value: 'id-1' }])
  assert.equal(await world.refusal(token), 'the credential is revoked')
  world.denyList.replace([])
  const long = await world.token({ exp: later(world, 86_400) })
  await world.user(long)
  world.clock.advance(600 * second)
  assert.equal(await world.refusal(token), expired)
  await world.user(long)
  world.issuer.keys = [otherKey]
  // An hour after the keys were read they are read again.
  world.clock.advance(3_600 * second)
  await world.user(long)
  await until(() => world.issuer.asked.length === 4, 'the issuer is asked again')
  await until(async () => (await world.ask(long)).outcome === 'rejected', 'the key is known to be withdrawn')
})

test('the discovery document is read exactly from the configured URL', async () => {
  const issuer = await TestIssuer.open()
  const configuration = issuer.configuration({ issuer: { discoveryURL: `${issuer.url}/inner/discovery` } })
  await using world = new World(issuer, configuration, [], false)
  issuer.respond = (path, answer) => {
    if (path !== '/inner/discovery') return false
    answer.end(JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }))
    return true
  }
  await world.user(await world.token())
  assert.deepEqual(issuer.asked, ['/inner/discovery', '/keys'])
})

test('of several issuers each signs for itself only', async () => {
  await using second = await TestIssuer.open()
  await using world = await openWorld({}, { others: [second.configuration()] })
  await world.user(await second.sign(second.claims(world.clock.ms)))
  const foreign = await second.sign(world.claims(), second.keys[0])
  assert.equal(await world.refusal(foreign), noKeyFits)
  assert.equal(await world.refusal(await world.issuer.sign(second.claims(world.clock.ms))), noKeyFits)
})

test('a token cannot claim a user or a group of the cluster, except in the upstream profile', async () => {
  const claimMappings = {
    username: { claim: 'sub', prefix: '', expression: '' },
    groups: { claim: 'groups', prefix: '', expression: '' },
    uid: { claim: '', expression: '' },
    extra: [],
  }
  const reserved = 'oidc: users and groups whose names begin with "system:" are the cluster\'s own'
  for (const claims of [{ groups: ['dev', 'system:masters'] }, { sub: 'system:node:n1' }]) {
    await using world = await openWorld({ claimMappings })
    assert.equal(await world.refusal(await world.token(claims)), reserved)
    await using open_ = await openWorld({ claimMappings }, { allowsReserved: true })
    await open_.user(await open_.token(claims))
  }
})

test('a user that is too large for the cache is created anew for each request', async () => {
  const big = { key: 'example.org/big', valueExpression: '[1,2,3,4].map(i, claims.big + string(i))' }
  const world = await TestIssuer.open()
  const { claimMappings } = world.configuration()
  await using opened = new World(world, world.configuration({ claimMappings: { ...claimMappings, extra: [big] } }), [], false)
  const token = await opened.token({ big: 'x'.repeat(5_000) })
  const first = await opened.user(token)
  assert.notEqual(await opened.user(token), first)
  const small = await opened.token({ big: 'x' })
  assert.equal(await opened.user(small), await opened.user(small))
})

test('a token without an id is known by its digest', async () => {
  await using world = await openWorld()
  const decided = await world.ask(await world.token())
  assert.ok(decided.outcome === 'authenticated')
  assert.match(decided.credentialId, /^jwt-sha256:[0-9a-f]{64}$/)
  assert.equal(decided.user.extra, undefined)
})

test('of randomly changed tokens, only those that jose accepts too are accepted', async () => {
  await using world = await openWorld()
  world.issuer.keys = [testKey('ES256'), testKey('RS256')]
  const good = await Promise.all(world.issuer.keys.map(key => world.token({}, key)))
  const change = fc.record({
    from: fc.constantFrom(...good),
    at: fc.nat(),
    remove: fc.nat(3),
    insert: fc.stringMatching(/^[A-Za-z0-9_.=+/-]{0,3}$/),
  })
  await fc.assert(
    fc.asyncProperty(change, async ({ from, at, remove, insert }) => {
      const start = at % from.length
      const token = `${from.slice(0, start)}${insert}${from.slice(start + remove)}`
      const { outcome } = await world.ask(token)
      assert.ok(outcome !== 'authenticated' || (await acceptedByJose(world, token)), token)
      assert.equal(outcome === 'authenticated', token === from)
    }),
    { numRuns: 500 },
  )
})
