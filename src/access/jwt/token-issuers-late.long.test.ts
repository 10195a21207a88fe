// An AuthenticationConfiguration that changes while the server runs: which tokens stay valid, and which caches are dropped.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stillHeld } from '../../base/testing/retained-bytes.testing.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import type { CredentialSource } from '../access.ts'
import { openWorld, type World } from '../authenticators/jwt.testing.ts'
import type { Authenticated } from '../revocation.ts'
import { TestIssuer } from './test-issuer.testing.ts'

const nobodys = 'no authenticator accepts the bearer token'
const prefixed = (prefix: string) => ({
  claimMappings: {
    username: { claim: 'sub', prefix, expression: '' },
    groups: { claim: '', expression: '' },
    uid: { claim: '', expression: '' },
    extra: [],
  },
})

async function accepted(world: World, token: string): Promise<Authenticated> {
  const decided = await world.ask(token)
  return decided.outcome === 'authenticated' ? decided : assert.fail(decided.outcome)
}

test('replace() takes the tokens of the new issuers, and of no other', async () => {
  await using world = await openWorld()
  await using second = await TestIssuer.open()
  const ofSecond = await second.sign(second.claims(world.clock.ms))
  const token = await world.token()
  await world.user(token)
  assert.equal(await world.refusal(ofSecond), nobodys)
  world.replace(second.configuration())
  assert.equal(await world.refusal(token), nobodys)
  assert.equal((await world.user(ofSecond)).name, 'ext:ann')
  world.replace()
  assert.equal(await world.refusal(ofSecond), nobodys)
})

test('replace() keeps an unchanged issuer, even an unreachable one', async () => {
  await using world = await openWorld()
  await using second = await TestIssuer.open()
  const token = await world.token()
  const known = await accepted(world, token)
  const { length } = world.issuer.asked
  world.issuer.respond = (_path, answer) => answer.destroy() !== undefined
  world.replace(second.configuration(), world.issuer.configuration())
  assert.equal(await world.ask(token), known)
  assert.equal((await world.user(await world.token({ sub: 'bob' }))).name, 'ext:bob')
  assert.equal(world.issuer.asked.length, length)
})

test('replace() maps known tokens anew if the mapping changed, and keeps the keys of the same URL', async () => {
  await using world = await openWorld()
  const token = await world.token()
  await world.user(token)
  const { length } = world.issuer.asked
  world.replace(world.issuer.configuration(prefixed('other:')))
  assert.equal((await world.user(token)).name, 'other:ann')
  assert.equal(world.issuer.asked.length, length)
})

test('replace() does not keep keys if their URL is trusted differently', async () => {
  await using world = await openWorld()
  await using second = await TestIssuer.open()
  const token = await world.token()
  await world.user(token)
  world.replace(world.issuer.configuration({ issuer: { certificateAuthority: second.authority } }))
  assert.match(await world.refusal(token), /the keys of the issuer are not known/)
})

test('replace() ends only the open streams of users whose issuer was removed or changed', async () => {
  await using world = await openWorld()
  await using second = await TestIssuer.open()
  world.replace(world.issuer.configuration(), second.configuration())
  const [first, other] = [
    await accepted(world, await world.token()),
    await accepted(world, await second.sign(second.claims(world.clock.ms))),
  ]
  const ended: string[] = []
  const whichEnded = (): readonly string[] => ended
  world.denyList.whenDenied(first, reason => ended.push(reason))
  world.denyList.whenDenied(other, () => ended.push('the other'))
  world.replace(world.issuer.configuration(), second.configuration())
  assert.deepEqual(whichEnded(), [])
  world.replace(second.configuration())
  assert.deepEqual(whichEnded(), ['the issuer of the token is no longer configured, or otherwise than it was'])
  // A request that was authenticated before, and opens its stream now.
  world.denyList.whenDenied(first, () => ended.push('late'))
  assert.equal(whichEnded()[1], 'late')
  world.replace(second.configuration(prefixed('other:')))
  assert.equal(whichEnded()[2], 'the other')
})

test('replace() also applies to a token whose issuer is being asked, which is not asked further', async () => {
  await using world = await openWorld()
  const closed = Promise.withResolvers<void>()
  world.issuer.respond = (_path, answer) => answer.on('close', closed.resolve) !== undefined
  const asking = world.ask(await world.token())
  await until(() => world.issuer.asked.length === 1, 'the question of the server')
  world.replace()
  const decided = await asking
  assert.ok(decided.outcome === 'rejected' && decided.reason === nobodys)
  await closed.promise
  assert.ok(!world.logLines.join('').includes('keys of a token issuer not read'))
})

test('1,000 replaces leave no issuer behind, and no samples of theirs', async () => {
  await using world = await openWorld()
  const issuers: WeakRef<CredentialSource>[] = []
  for (let round = 0; round < 1_000; round++) {
    const vanishing = world.issuer.configuration({ issuer: { url: `https://issuer-${round}.example` } })
    world.replace(world.issuer.configuration(prefixed(`${round}:`)), vanishing)
    const { source, user } = await accepted(world, await world.token({ jti: `${round}` }))
    assert.equal(user.name, `${round}:ann`)
    if (source) issuers.push(new WeakRef(source))
  }
  await new Promise(resolve => setImmediate(resolve))
  assert.ok(stillHeld(issuers) <= 2, `${stillHeld(issuers)} issuers are held`)
  assert.deepEqual(world.issuer.asked, ['/.well-known/openid-configuration', '/keys'])
  const latencies = (await world.metrics.metrics()).split('\n').filter(line => line.includes('jwt_authenticator_latency_seconds_count'))
  assert.equal(latencies.length, 1)
})

test('metrics count tokens by the hash of their issuer, and cached ones', async () => {
  await using world = await openWorld()
  const token = await world.token()
  await world.user(token)
  await world.user(token)
  await world.refusal(await world.token({ aud: 'vault' }))
  await world.refusal(await world.token({ iss: 'https://other.example' }))
  const text = await world.metrics.metrics()
  const samples = (name: string) =>
    text.split('\n').filter(line => line.startsWith(name) && !line.includes('_bucket') && !line.includes('_sum'))
  assert.ok(!text.includes(world.issuer.url))
  assert.deepEqual(
    samples('apiserver_authentication_jwt_authenticator_latency_seconds').map(line => line.replace(/sha256:[0-9a-f]{64}/, 'HASH')),
    [
      'apiserver_authentication_jwt_authenticator_latency_seconds_count{result="success",jwt_issuer_hash="HASH"} 1',
      'apiserver_authentication_jwt_authenticator_latency_seconds_count{result="failure",jwt_issuer_hash="HASH"} 1',
    ],
  )
  assert.deepEqual(samples('authentication_token_cache_'), [
    'authentication_token_cache_request_duration_seconds_count{status="hit"} 1',
    'authentication_token_cache_request_duration_seconds_count{status="miss"} 2',
    'authentication_token_cache_request_total{status="hit"} 1',
    'authentication_token_cache_request_total{status="miss"} 2',
    'authentication_token_cache_fetch_total{status="ok"} 1',
    'authentication_token_cache_fetch_total{status="error"} 1',
    'authentication_token_cache_active_fetch_count{status="blocked"} 0',
    'authentication_token_cache_active_fetch_count{status="in_flight"} 0',
  ])
})
