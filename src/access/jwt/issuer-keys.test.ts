import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { until } from '../../base/testing/wait-until.testing.ts'
import { later, noKeyFits, notInitialized, openWorld, second, type World } from '../authenticators/jwt.testing.ts'
import { type Claims, forgedToken, publicJwk, TestIssuer, testKey } from './test-issuer.testing.ts'

const otherKey = testKey('ES256')

test('keys are fetched for an unknown key id, at most every ten seconds, and once for all waiting requests', async () => {
  await using world = await openWorld()
  await world.user(await world.token())
  const rotated = testKey('ES256', 'rotated')
  world.issuer.keys = [rotated]
  const tokens = await Promise.all(['a', 'b', 'c'].map(sub => world.token({ sub }, rotated)))
  for (const token of tokens) assert.equal(await world.refusal(token), noKeyFits)
  assert.equal(world.issuer.asked.length, 2)
  world.clock.advance(10 * second)
  await Promise.all(tokens.map(token => world.user(token)))
  assert.equal(world.issuer.asked.length, 4)
  await world.refusal(await world.token({}, otherKey))
  assert.equal(world.issuer.asked.length, 4)
})

test('a token without a key name is tried with every key of its kind, and one with a name with that key only', async () => {
  await using world = await openWorld()
  world.issuer.keys = [testKey('RS256'), testKey('ES384'), otherKey]
  await world.user(forgedToken(otherKey.key, { alg: 'ES256' }, world.claims()))
  assert.equal(await world.refusal(forgedToken(otherKey.key, { alg: 'ES256', kid: 'RS256-key' }, world.claims())), noKeyFits)
})

const rsaKey = testKey('RS256')
const unfit: readonly { name: string; jwk: Claims }[] = [
  { name: 'for another algorithm', jwk: publicJwk(rsaKey, { alg: 'RS512' }) },
  { name: 'for encryption', jwk: publicJwk(rsaKey, { use: 'enc' }) },
  { name: 'of a kind that shares a secret', jwk: { kty: 'oct', k: 'c2VjcmV0', kid: rsaKey.keyId } },
  { name: 'that is broken', jwk: { kty: 'RSA', n: '', e: 'AQAB', kid: rsaKey.keyId } },
]
for (const { name, jwk } of unfit) {
  test(`a key is left out: ${name}`, async () => {
    await using world = await openWorld()
    publish(world, jwk, publicJwk(otherKey))
    assert.equal(await world.refusal(await world.token({}, rsaKey)), noKeyFits)
    await world.user(await world.token({}, otherKey))
  })
}

const short = { ...rsaKey, key: generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey }
const dangerous: readonly { name: string; jwk: Claims }[] = [
  { name: 'that is too short', jwk: publicJwk(short) },
  { name: 'that is so long that verifying takes long', jwk: publicJwk(rsaKey, { n: Buffer.alloc(2048, 0xff).toString('base64url') }) },
  { name: 'with which anyone can sign', jwk: publicJwk(rsaKey, { e: 'AQ' }) },
  { name: 'whose exponent is even', jwk: publicJwk(rsaKey, { e: 'AQAA' }) },
  { name: 'whose exponent is large', jwk: publicJwk(rsaKey, { e: 'AQAAAAE' }) },
]
for (const { name, jwk } of dangerous) {
  test(`a key of RSA is left out: ${name}`, async () => {
    await using world = await openWorld()
    publish(world, jwk)
    const input = forgedToken(otherKey.key, { alg: 'RS256', kid: rsaKey.keyId }, world.claims()).split('.').slice(0, 2).join('.')
    const signature = sign('sha256', Buffer.from(input), short.key).toString('base64url')
    assert.equal(await world.refusal(`${input}.${signature}`), notInitialized)
  })
}

function publish({ issuer }: World, ...keys: readonly Claims[]): void {
  issuer.respond = (path, answer) => {
    if (path !== '/keys') return false
    answer.end(JSON.stringify({ keys }))
    return true
  }
}

type Answer = Parameters<TestIssuer['respond']>[1]
const discovery = '/.well-known/openid-configuration'
const broken: readonly { name: string; at: string; answer: (answer: Answer, world: World) => void; logged: RegExp }[] = [
  {
    name: 'is answered with an error',
    at: discovery,
    answer: answer => answer.writeHead(500).end(),
    logged: /must have status 200, got 500/,
  },
  {
    name: 'leads elsewhere',
    at: discovery,
    answer: (answer, { issuer }) => answer.writeHead(302, { location: `${issuer.url}/other` }).end(),
    logged: /got 302/,
  },
  {
    name: 'is of another issuer',
    at: discovery,
    answer: (answer, { issuer }) => answer.end(JSON.stringify({ issuer: 'https://other.example', jwks_uri: `${issuer.url}/keys` })),
    logged: /issuer did not match/,
  },
  {
    name: 'names keys without TLS',
    at: discovery,
    answer: (answer, { issuer }) => answer.end(JSON.stringify({ issuer: issuer.url, jwks_uri: issuer.url.replace('https', 'http') })),
    logged: /names no https jwks_uri/,
  },
  {
    name: 'names keys with a password',
    at: discovery,
    answer: (answer, { issuer }) => answer.end(JSON.stringify({ issuer: issuer.url, jwks_uri: issuer.url.replace('//', '//a:b@') })),
    logged: /names no https jwks_uri/,
  },
  {
    name: 'is huge',
    at: discovery,
    answer: answer => answer.end('x'.repeat(256 * 1024 + 1)),
    logged: /the answer is larger than 262144 bytes/,
  },
  { name: 'is not JSON', at: discovery, answer: answer => answer.end('<html>'), logged: /the answer is not JSON/ },
  { name: 'is a list', at: discovery, answer: answer => answer.end('[]'), logged: /issuer did not match/ },
  {
    name: 'is cut',
    at: discovery,
    answer: answer => {
      answer.writeHead(200, { 'content-length': '1000' })
      answer.write('{')
      setImmediate(() => answer.destroy())
    },
    logged: /aborted|cut/,
  },
  {
    name: 'keys are huge',
    at: '/keys',
    answer: answer => answer.end(' '.repeat(256 * 1024 + 1)),
    logged: /the answer is larger than 262144 bytes/,
  },
  {
    name: 'keys are nested deeply',
    at: '/keys',
    answer: answer => answer.end('['.repeat(10_000)),
    logged: /nested deeper than 500 levels/,
  },
  { name: 'keys are no set', at: '/keys', answer: answer => answer.end('{"__proto__":{"keys":[]}}'), logged: /publishes no set of keys/ },
  {
    name: 'keys are too many',
    at: '/keys',
    answer: answer => answer.end(JSON.stringify({ keys: Array.from({ length: 101 }, () => ({})) })),
    logged: /publishes 101 keys, at most 100/,
  },
  {
    name: 'keys lead elsewhere',
    at: '/keys',
    answer: (answer, { issuer }) => answer.writeHead(307, { location: `${issuer.url}/other` }).end(),
    logged: /got 307/,
  },
]
for (const { name, at, answer, logged } of broken) {
  test(`an issuer is asked again, at growing intervals, if its answer ${name}`, async () => {
    await using world = await openWorld()
    world.issuer.respond = (path, reply) => {
      if (path !== at) return false
      answer(reply, world)
      return true
    }
    const token = await world.token()
    const asked = () => world.issuer.asked.filter(path => path === discovery).length
    assert.equal(await world.refusal(token), notInitialized)
    assert.equal(await world.refusal(token), notInitialized)
    assert.equal(asked(), 1)
    assert.match(world.logLines.join(''), logged)
    world.clock.advance(second)
    await world.refusal(token)
    assert.equal(asked(), 2)
    world.clock.advance(second)
    await world.refusal(token)
    assert.equal(asked(), 2)
    world.issuer.respond = () => false
    world.clock.advance(second)
    await world.user(token)
    assert.ok(!world.issuer.asked.includes('/other'))
  })
}

test("an issuer that does not answer is given up after ten seconds, and other issuers' tokens are accepted meanwhile", async () => {
  await using world = await openWorld()
  const token = await world.token()
  let pending = 0
  world.issuer.respond = () => ++pending > 0
  const refused = world.refusal(token)
  await until(() => pending === 1, 'the issuer is asked')
  world.clock.advance(10 * second)
  assert.equal(await refused, notInitialized)
  world.issuer.respond = () => false
  world.clock.advance(second)
  await world.user(token)
  world.issuer.respond = () => ++pending > 0
  const long = await world.token({ exp: later(world, 86_400) })
  world.clock.advance(3_600 * second)
  await world.user(long)
  await until(() => pending === 2, 'the issuer is asked in the background')
  await world.user(await world.token({ sub: 'bob' }))
})

test('an issuer whose certificate is of another authority is not believed', async () => {
  const other = await TestIssuer.open()
  await other[Symbol.asyncDispose]()
  for (const certificateAuthority of [other.authority, '']) {
    await using world = await openWorld({ issuer: { certificateAuthority } })
    assert.equal(await world.refusal(await world.token()), notInitialized)
    assert.deepEqual(world.issuer.asked, [])
    assert.match(world.logLines.join(''), /certificate|self-signed|issuer cert/)
  }
})

test('an unreachable issuer is finally asked once a minute', async () => {
  await using world = await openWorld()
  world.issuer.respond = (_, answer) => answer.writeHead(503).end() !== undefined
  const token = await world.token({ exp: later(world, 86_400) })
  for (let failures = 1; failures <= 10; failures++) {
    assert.equal(await world.refusal(token), notInitialized)
    assert.equal(world.issuer.asked.length, failures)
    world.clock.advance(60 * second)
  }
})

test("a pending request to an issuer does not delay a server's stop", async () => {
  await using world = await openWorld()
  let pending = 0
  world.issuer.respond = () => ++pending > 0
  const refused = world.refusal(await world.token())
  await until(() => pending === 1, 'the issuer is asked')
  world.stop()
  assert.equal(await refused, notInitialized)
  assert.deepEqual(world.logLines, [])
})

test('of tokens that no key fits as many wait for the issuer as may, and the others are refused at once', async () => {
  await using world = await openWorld()
  let pending = 0
  world.issuer.respond = () => ++pending > 0
  const token = await world.token()
  const waiting = Array.from({ length: 500 }, () => world.refusal(token))
  assert.equal(await Promise.race([...waiting, 'all wait']), 'all wait')
  const refused = world.refusal(token)
  assert.equal(await Promise.race([refused, ...waiting]), notInitialized)
  world.clock.advance(10 * second)
  await Promise.all(waiting)
  world.issuer.respond = () => false
  world.clock.advance(second)
  await world.user(token)
})

test('a token that names no key is tried with sixteen keys at most', async () => {
  await using world = await openWorld()
  const others = Array.from({ length: 15 }, (_, index) => testKey('ES256', `key-${index}`))
  const token = forgedToken(otherKey.key, { alg: 'ES256' }, world.claims())
  world.issuer.keys = [...others, otherKey]
  await world.user(token)
  await using more = await openWorld()
  more.issuer.keys = [...others, testKey('ES256', 'key-15'), otherKey]
  assert.equal(await more.refusal(forgedToken(otherKey.key, { alg: 'ES256' }, more.claims())), noKeyFits)
  await more.user(await more.token({}, otherKey))
})
