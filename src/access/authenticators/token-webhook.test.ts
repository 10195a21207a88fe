import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger } from '../../base/log.ts'
import { createRegistry } from '../../base/metrics/metrics.ts'
import { AnswerError } from '../../base/net/answer-error.ts'
import { tokenCacheMetrics } from '../token-metrics.ts'
import { createTokenWebhook, maxCachedAnswer, maxOpenTokens, type TokenWebhookSettings } from './token-webhook.ts'

const settings: TokenWebhookSettings = {
  endpoint: { url: 'https://tokens.example', authorities: undefined, serverName: undefined, identity: {} },
  version: 'v1',
  cacheMs: 120_000,
}
const ann = { username: 'ann', uid: 'u1', groups: ['dev'], extra: { team: ['blue'], ['__proto__']: ['x'] } }

function opened(more: Partial<TokenWebhookSettings> = {}, mayNameSystem = false) {
  const sent: { token: string; audiences: string[] }[] = []
  const lines: string[] = []
  const time = { now: 0 }
  const metrics = createRegistry()
  const fake = { sent, lines, time, metrics, answer: async (): Promise<unknown> => ({ authenticated: true, user: ann }) }
  const webhook = createTokenWebhook(
    { ...settings, ...more },
    {
      async post(_endpoint, body) {
        const { spec, ...head } = JSON.parse(body.toString())
        sent.push(spec)
        const status = await fake.answer()
        return Buffer.from(typeof status === 'string' ? status : JSON.stringify({ ...head, status }))
      },
      clock: {
        now: () => time.now,
        monotonic: () => time.now,
        sleep: ms => (ms > 10_000 ? new Promise(() => undefined) : Promise.resolve()),
      },
      log: createLogger({ level: 'debug', destination: { write: line => void lines.push(line) } }),
      random: () => 0,
      signal: new AbortController().signal,
      audiences: ['own'],
      mayNameSystem,
      cache: tokenCacheMetrics(metrics),
    },
  )
  const show = (token: string) => webhook.authenticate({ authorization: `Bearer ${token}`, remoteAddress: '' })
  return Object.assign(fake, { webhook, show })
}

test('authenticate() asks whose a token is, and takes the whole identity', async () => {
  const hook = opened()
  const decided = await hook.show('t0ken')
  assert.equal(decided.outcome, 'authenticated')
  const { name, uid, groups, extra = {} } = decided.user
  assert.deepEqual([name, uid, groups], ['ann', 'u1', ['dev', 'system:authenticated']])
  assert.deepEqual(Object.entries(extra), Object.entries(ann.extra))
  assert.match(decided.credentialId, /^token-webhook:[0-9a-f]{32}$/)
  assert.deepEqual(hook.sent, [{ token: 't0ken', audiences: ['own'] }])
  for (const authorization of [undefined, 'Basic YTpi', 'Bearer a b'])
    assert.deepEqual(await hook.webhook.authenticate({ ...(authorization ? { authorization } : {}), remoteAddress: '' }), {
      outcome: 'no-opinion',
    })
  assert.equal(hook.sent.length, 1)
})

test('authenticate() caches answers for their time, and asks once for concurrent requests with one token', async () => {
  const hook = opened()
  const [first, second] = await Promise.all([hook.show('a'), hook.show('a')])
  assert.equal(first, second)
  await hook.show('a')
  assert.equal(hook.sent.length, 1)
  hook.answer = async () => ({ authenticated: false })
  assert.deepEqual(await hook.show('b'), { outcome: 'no-opinion' })
  assert.deepEqual(await hook.show('b'), { outcome: 'no-opinion' })
  assert.equal(hook.sent.length, 2)
  hook.time.now = 120_000
  assert.deepEqual(await hook.show('a'), { outcome: 'no-opinion' })
})

test('authenticate() caches nothing if the time is zero, nor large answers', async () => {
  const forgetful = opened({ cacheMs: 0 })
  await forgetful.show('a')
  await forgetful.show('a')
  assert.equal(forgetful.sent.length, 2)
  const hook = opened()
  hook.answer = async () => ({ authenticated: true, user: { ...ann, groups: ['g'.repeat(maxCachedAnswer)] } })
  await hook.show('a')
  await hook.show('a')
  assert.equal(hook.sent.length, 2)
})

const audiences: readonly (readonly [name: string, given: string[] | undefined, wanted: string[], got: string[] | undefined])[] = [
  ['no audience, for the own', undefined, ['own'], ['own']],
  ['no audience, for another', undefined, ['vault'], undefined],
  ['some of those that are wanted', ['vault', 'x'], ['own', 'vault'], ['vault']],
  ['other audiences', ['vault'], ['own'], undefined],
]
for (const [name, given, wanted, got] of audiences) {
  test(`verifyToken() of a webhook that names ${name}`, async () => {
    const hook = opened()
    hook.answer = async () => ({ authenticated: true, user: ann, ...(given ? { audiences: given } : {}) })
    const verified = await hook.webhook.verifyToken('t', wanted)
    assert.deepEqual(verified.outcome === 'authenticated' ? verified.audiences : undefined, got)
    assert.deepEqual(hook.sent[0]?.audiences, wanted)
  })
}

const failures: readonly (readonly [name: string, answer: () => Promise<unknown>, calls: number])[] = [
  ['does not answer', () => Promise.reject(new Error('connect refused')), 1],
  ['redirects', () => Promise.reject(new AnswerError('failed', 302)), 1],
  ['fails', () => Promise.reject(new AnswerError('failed', 500)), 5],
  ['sends a page', async () => '<html>', 1],
  [
    'sends another kind',
    async () => JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'Status', status: { authenticated: true, user: ann } }),
    1,
  ],
  [
    'sends another version',
    async () => JSON.stringify({ apiVersion: 'v1', kind: 'TokenReview', status: { authenticated: true, user: ann } }),
    1,
  ],
  ['says yes as a text', async () => ({ authenticated: 'true', user: ann }), 1],
  ['gives a user without a name', async () => ({ authenticated: true, user: { ...ann, username: '' } }), 1],
  ['names groups in one text', async () => ({ authenticated: true, user: { ...ann, groups: 'dev' } }), 1],
  ['names nobody', async () => ({ authenticated: true, user: {} }), 1],
  ['has invalid groups', async () => ({ authenticated: true, user: { ...ann, groups: [1] } }), 1],
  ['has invalid extras', async () => ({ authenticated: true, user: { ...ann, extra: { a: 'b' } } }), 1],
  ['says what is wrong', async () => ({ error: 'unknown token t0ken' }), 1],
]
for (const [name, answer, calls] of failures) {
  test(`authenticate() rejects the token if the webhook ${name}, and caches nothing`, async () => {
    const hook = opened()
    hook.answer = answer
    const decided = await hook.show('t0ken')
    assert.equal(decided.outcome, 'rejected')
    assert.doesNotMatch(decided.reason + hook.lines.join(''), /t0ken/)
    assert.equal(hook.sent.length, calls)
    hook.answer = async () => ({ authenticated: true, user: ann })
    assert.equal((await hook.show('t0ken')).outcome, 'authenticated')
  })
}

test('authenticate() accepts no name of the cluster from a webhook, except if configured', async () => {
  for (const user of [
    { ...ann, username: 'system:admin' },
    { ...ann, groups: ['dev', 'system:masters'] },
  ]) {
    const strict = opened()
    strict.answer = async () => ({ authenticated: true, user })
    assert.equal((await strict.show('t')).outcome, 'rejected')
    const lenient = opened({}, true)
    lenient.answer = strict.answer
    assert.equal((await lenient.show('t')).outcome, 'authenticated')
  }
  const usual = opened()
  usual.answer = async () => ({ authenticated: true, user: { ...ann, groups: ['system:authenticated'] } })
  assert.equal((await usual.show('t')).outcome, 'authenticated')
})

test('authenticate() does not let unknown tokens gather without end', async () => {
  const hook = opened()
  const { promise, resolve } = Promise.withResolvers<unknown>()
  hook.answer = () => promise
  const waiting = Array.from({ length: maxOpenTokens }, (_, index) => hook.show(`t${index}`))
  assert.deepEqual(await hook.show('one-more'), { outcome: 'rejected', reason: 'the token webhook has too many pending requests' })
  resolve({ authenticated: true, user: ann })
  await Promise.all(waiting)
  assert.equal((await hook.show('one-more')).outcome, 'authenticated')
})

test('metrics report cached tokens and waiting requests', async () => {
  const hook = opened()
  const answer = Promise.withResolvers<object>()
  hook.answer = () => answer.promise
  const waiting = [hook.show('a'), hook.show('a')]
  const count = async (name: string): Promise<string[]> =>
    (await hook.metrics.metrics()).split('\n').filter(line => line.startsWith(`authentication_token_cache_${name}{`))
  const active = 'authentication_token_cache_active_fetch_count'
  assert.deepEqual(await count('active_fetch_count'), [`${active}{status="in_flight"} 1`, `${active}{status="blocked"} 2`])
  answer.resolve({ authenticated: true, user: ann })
  await Promise.all(waiting)
  await hook.show('a')
  hook.answer = async () => ({ error: 'expired' })
  await hook.show('b')
  assert.deepEqual(await count('active_fetch_count'), [`${active}{status="in_flight"} 0`, `${active}{status="blocked"} 0`])
  const total = 'authentication_token_cache_request_total'
  assert.deepEqual(await count('request_total'), [`${total}{status="hit"} 1`, `${total}{status="miss"} 3`])
  const fetched = 'authentication_token_cache_fetch_total'
  assert.deepEqual(await count('fetch_total'), [`${fetched}{status="ok"} 1`, `${fetched}{status="error"} 1`])
})
