import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger } from '../../base/log.ts'
import { createRegistry } from '../../base/metrics/metrics.ts'
import { AnswerError } from '../../base/net/answer-error.ts'
import type { Attributes } from '../access.ts'
import type { WebhookSettings } from '../webhook/authorization-configuration.ts'
import { compileMatches } from '../webhook/webhook-conditions.ts'
import { authorizationWebhookMetrics } from '../webhook/webhook-metrics.ts'
import { createWebhookAuthorizer, maxCachedQuestion, maxOpenQuestions } from './webhook.ts'

const settings: WebhookSettings = {
  endpoint: {
    url: 'https://secret.example/path',
    authorities: undefined,
    serverName: undefined,
    identity: { authorization: 'Bearer t0ken' },
  },
  ...{ timeoutMs: 3000, authorizedMs: 5000, unauthorizedMs: 1000, version: 'v1', failsClosed: true, conditions: [] },
}
const question: Attributes = {
  user: { name: 'ann', uid: 'u1', groups: ['dev'], extra: { team: ['blue'], ['__proto__']: ['x'] } },
  ...{ verb: 'list', isResource: true, group: 'apps', version: 'v1', resource: 'deployments', subresource: '', namespace: 'n', name: '' },
  ...{ path: '/apis/apps/v1/namespaces/n/deployments', labelSelector: 'a in (y,x),b,!c,d>1', fieldSelector: 'metadata.name!=z' },
}
const named = (name: string): Attributes => ({ ...question, name })

function opened(more: Partial<WebhookSettings> = {}) {
  const sent: { spec: Record<string, unknown>; seconds: number }[] = []
  const lines: string[] = []
  const pauses: number[] = []
  const time = { now: 0 }
  const registry = createRegistry()
  const metrics = authorizationWebhookMetrics(registry)
  metrics.serve(['hook'])
  const fake = {
    ...{ sent, lines, pauses, time, registry },
    answer: async (): Promise<unknown> => ({ allowed: true }),
  }
  const authorizer = createWebhookAuthorizer('hook', { ...settings, ...more }, compileMatches(more.conditions ?? []), {
    async post(_endpoint, body, seconds) {
      const { spec, ...head } = JSON.parse(body.toString())
      sent.push({ spec, seconds })
      const status = await fake.answer()
      return Buffer.from(typeof status === 'string' ? status : JSON.stringify({ ...head, status }))
    },
    clock: {
      now: () => time.now,
      monotonic: () => time.now,
      async sleep(ms) {
        pauses.push(ms)
      },
    },
    log: createLogger({ level: 'debug', destination: { write: line => void lines.push(line) } }),
    metrics,
    random: () => 0.5,
    signal: new AbortController().signal,
  })
  return Object.assign(fake, { authorizer })
}

test('ask() sends the review that upstream sends', async () => {
  const hook = opened()
  assert.deepEqual(await hook.authorizer.ask(question), { decision: 'allow', reason: '' })
  assert.equal(hook.sent[0]?.seconds, 3)
  assert.deepEqual(hook.sent[0]?.spec, {
    resourceAttributes: {
      ...{ namespace: 'n', verb: 'list', group: 'apps', version: 'v1', resource: 'deployments' },
      fieldSelector: { requirements: [{ key: 'metadata.name', operator: 'NotIn', values: ['z'] }] },
      labelSelector: {
        requirements: [
          { key: 'a', operator: 'In', values: ['x', 'y'] },
          { key: 'b', operator: 'Exists' },
          { key: 'c', operator: 'DoesNotExist' },
        ],
      },
    },
    ...{ user: 'ann', groups: ['dev'], extra: { team: ['blue'], ['__proto__']: ['x'] }, uid: 'u1' },
  })
  await hook.authorizer.ask({ ...question, isResource: false, path: '/metrics', verb: 'get', user: { name: 'ann', groups: [] } })
  assert.deepEqual(hook.sent[1]?.spec, { nonResourceAttributes: { path: '/metrics', verb: 'get' }, user: 'ann' })
})

test('ask() in v1beta1 sends no selectors, and groups under their older name', async () => {
  const hook = opened({ version: 'v1beta1' })
  await hook.authorizer.ask(question)
  const { group, groups, resourceAttributes } = hook.sent[0]?.spec ?? {}
  assert.deepEqual([group, groups], [['dev'], undefined])
  assert.deepEqual(Object.keys(resourceAttributes as object), ['namespace', 'verb', 'group', 'version', 'resource'])
})

test('ask() caches answers for a time that depends on their result', async () => {
  const hook = opened()
  await hook.authorizer.ask(question)
  assert.deepEqual(await hook.authorizer.ask(question), { decision: 'allow', reason: '' })
  hook.time.now = 4999
  await hook.authorizer.ask(question)
  assert.equal(hook.sent.length, 1)
  hook.time.now = 5000
  hook.answer = async () => ({ allowed: false, denied: true, reason: 'not now' })
  assert.deepEqual(await hook.authorizer.ask(question), { decision: 'deny', reason: 'not now' })
  hook.time.now = 5999
  assert.deepEqual(await hook.authorizer.ask(question), { decision: 'deny', reason: 'not now' })
  hook.time.now = 6000
  hook.answer = async () => ({})
  assert.deepEqual(await hook.authorizer.ask(question), { decision: 'no-opinion', reason: '' })
  assert.equal(hook.sent.length, 3)
})

test('ask() keeps no answer to a question that its user made long, and cuts long reasons', async () => {
  const hook = opened()
  hook.answer = async () => ({ allowed: true, reason: 'r'.repeat(5000) })
  const long = named('x'.repeat(maxCachedQuestion))
  const { reason } = await hook.authorizer.ask(long)
  assert.equal(reason.length, 1024)
  await hook.authorizer.ask(long)
  assert.equal(hook.sent.length, 2)
})

test('ask() asks once for concurrent equal questions', async () => {
  const hook = opened()
  const { promise, resolve } = Promise.withResolvers<unknown>()
  hook.answer = () => promise
  const asked = [hook.authorizer.ask(question), hook.authorizer.ask(question), hook.authorizer.ask(named('other'))]
  resolve({ allowed: true })
  for (const decided of await Promise.all(asked)) assert.equal(decided.decision, 'allow')
  assert.equal(hook.sent.length, 2)
})

test('ask() does not let questions gather without end', async () => {
  const hook = opened()
  const { promise, resolve } = Promise.withResolvers<unknown>()
  hook.answer = () => promise
  const waiting = Array.from({ length: maxOpenQuestions }, (_, index) => hook.authorizer.ask(named(`p${index}`)))
  assert.deepEqual(await hook.authorizer.ask(named('one-more')), {
    ...{ decision: 'deny', reason: '', error: 'authorization webhook "hook" has too many pending requests' },
  })
  resolve({ allowed: true })
  await Promise.all(waiting)
  assert.equal((await hook.authorizer.ask(named('one-more'))).decision, 'allow')
})

const failures: readonly (readonly [name: string, fail: () => Promise<unknown>, calls: number])[] = [
  ['a refused connection', () => Promise.reject(new Error('connect refused')), 1],
  ['a reset connection', () => Promise.reject(new Error('EOF', { cause: Object.assign(new Error(), { code: 'ECONNRESET' }) })), 5],
  ['a failing server', () => Promise.reject(new AnswerError('failed', 500)), 5],
  ['too many requests', () => Promise.reject(new AnswerError('failed', 429)), 5],
  ['a redirect', () => Promise.reject(new AnswerError('failed', 302)), 1],
  ['no JSON', async () => 'allowed', 1],
  ['another kind', async () => JSON.stringify({ apiVersion: 'v1', kind: 'Status', status: { allowed: true } }), 1],
  [
    'another version',
    async () => JSON.stringify({ apiVersion: 'authorization.k8s.io/v1beta1', kind: 'SubjectAccessReview', status: { allowed: true } }),
    1,
  ],
  [
    'another kind of review',
    async () => JSON.stringify({ apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', status: { allowed: true } }),
    1,
  ],
  ['a truth that is a text', async () => ({ allowed: 'true' }), 1],
]
for (const [name, fail, calls] of failures) {
  test(`ask() takes ${name} for no answer`, async () => {
    for (const failsClosed of [true, false]) {
      const hook = opened({ failsClosed })
      hook.answer = fail
      const error = 'authorization webhook "hook" failed'
      assert.deepEqual(await hook.authorizer.ask(question), { decision: failsClosed ? 'deny' : 'no-opinion', reason: '', error })
      assert.equal(hook.sent.length, calls)
      assert.deepEqual(hook.pauses.map(Math.round), [550, 825, 1238, 1856].slice(0, calls - 1))
      assert.equal((await hook.registry.metrics()).includes('fail_open_total{name="hook",result="error"} 1'), !failsClosed)
      assert.doesNotMatch(hook.lines.join('\n'), /t0ken/)
      await hook.authorizer.ask(question)
      assert.equal(hook.sent.length, 2 * calls)
    }
  })
}

test('ask() takes one that allows and denies for one that denies', async () => {
  const hook = opened({ failsClosed: false })
  hook.answer = async () => ({ allowed: true, denied: true, reason: 'both' })
  const error = 'webhook subject access review returned both allow and deny response'
  assert.deepEqual(await hook.authorizer.ask(question), { decision: 'deny', reason: 'both', error })
})

test("ask() leaves the cluster's own parts alone", async () => {
  const hook = opened()
  const parts = [
    { name: 'system:apiserver', groups: [] },
    { name: 'system:kube-scheduler', groups: [] },
    { name: 'system:serviceaccount:kube-system:deployment-controller', groups: ['system:serviceaccounts:kube-system'] },
    { name: 'system:node:n1', groups: ['system:nodes'] },
  ]
  for (const user of parts) assert.deepEqual(await hook.authorizer.ask({ ...question, user }), { decision: 'no-opinion', reason: '' })
  const strangers = [
    { name: 'system:node:n1', groups: [] },
    { name: 'system:serviceaccount:default:x', groups: ['system:serviceaccounts:default'] },
  ]
  assert.equal(hook.sent.length, 0)
  for (const user of strangers) await hook.authorizer.ask({ ...question, user })
  assert.equal(hook.sent.length, 2)
})

const conditions: readonly (readonly [name: string, expressions: string[], outcome: 'asked' | 'skipped' | 'failed'])[] = [
  ['that hold', ["request.resourceAttributes.group == 'apps'", "'dev' in request.groups", "request.extra['team'] == ['blue']"], 'asked'],
  ['of a selector', ["request.resourceAttributes.labelSelector.requirements.exists(r, r.key == 'b' && r.values.size() == 0)"], 'asked'],
  ['one of which does not', ["request.user == 'ann'", "request.resourceAttributes.resource == 'pods'"], 'skipped'],
  ['one of which does not and one fails', ["request.nonResourceAttributes.path == '/'", "request.user == 'bob'"], 'skipped'],
  ['one of which fails', ["request.user == 'ann'", "request.nonResourceAttributes.path == '/'"], 'failed'],
]
for (const [name, expressions, outcome] of conditions) {
  test(`ask() with conditions ${name}: ${outcome}`, async () => {
    for (const failsClosed of [true, false]) {
      const hook = opened({ conditions: expressions, failsClosed })
      const { decision, error } = await hook.authorizer.ask(question)
      const expected = { asked: 'allow', skipped: 'no-opinion', failed: failsClosed ? 'deny' : 'no-opinion' }[outcome]
      assert.deepEqual([decision, error !== undefined, hook.sent.length], [expected, outcome === 'failed', outcome === 'asked' ? 1 : 0])
      assert.match(await hook.registry.metrics(), /match_condition_evaluation_seconds_count\{type="Webhook",name="hook"\} 1/)
    }
  })
}
