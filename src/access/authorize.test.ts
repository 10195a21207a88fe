import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attributes, Decision, WebhookDecision } from './access.ts'
import { createAuthorization, replaceableAuthorization } from './authorize.ts'

const attributes: Attributes = {
  ...{ user: { name: 'ann', groups: [] }, verb: 'get', isResource: true, group: '', version: 'v1', resource: 'pods', subresource: '' },
  ...{ namespace: 'n', name: 'p', path: '' },
}
const local = (name: string, decision: Decision['decision'], reason = '') => ({ name, authorize: (): Decision => ({ decision, reason }) })
const hook = (name: string, decision: WebhookDecision) => {
  const asked: string[] = []
  return {
    name,
    asked,
    async ask({ name: object }: Attributes) {
      asked.push(object)
      return decision
    },
  }
}
const nobody = local('Nobody', 'no-opinion', 'nobody knows')

test('authorize() returns the reason of the denying authorizer, and joins the reasons of those without an opinion', async () => {
  const of = (...list: Parameters<typeof createAuthorization>[0]) => createAuthorization(list).authorize(attributes, {})
  assert.deepEqual(await of(nobody, local('D', 'deny', 'no'), local('A', 'allow')), { allowed: false, reason: 'no', denied: true })
  assert.deepEqual(await of(nobody, local('B', 'no-opinion', 'nor me')), { allowed: false, reason: 'nobody knows\nnor me' })
})

test('authorize() waits for webhooks in their place', async () => {
  const of = (...list: Parameters<typeof createAuthorization>[0]) => createAuthorization(list).authorize(attributes, {})
  const allowing = hook('h', { decision: 'allow', reason: 'I say so' })
  const denying = hook('h', { decision: 'deny', reason: 'I say no' })
  assert.deepEqual(await of(nobody, allowing), { allowed: true, authorizer: 'h', reason: 'I say so', webhook: 'h' })
  assert.deepEqual(await of(nobody, denying, local('A', 'allow')), { allowed: false, reason: 'I say no', denied: true, webhook: 'h' })
  assert.deepEqual(await of(local('A', 'allow', 'local'), denying), { allowed: true, authorizer: 'A', reason: 'local' })
  assert.equal(denying.asked.length, 1)
  const down = hook('h', { decision: 'no-opinion', reason: '', error: 'it is down' })
  assert.deepEqual(await of(down, local('A', 'allow', 'local')), { allowed: true, authorizer: 'A', reason: 'local' })
  assert.deepEqual(await of(down, nobody), { allowed: false, reason: 'nobody knows', error: 'it is down' })
})

test('authorize() asks a webhook once for each question of a request, and again for the next', async () => {
  const webhook = hook('h', { decision: 'no-opinion', reason: '' })
  const { authorize } = createAuthorization([webhook, nobody])
  const both = async (asker: object) => {
    await authorize(attributes, asker)
    await authorize({ ...attributes, name: 'q' }, asker)
  }
  const asker = {}
  await both(asker)
  await both(asker)
  assert.deepEqual(webhook.asked, ['p', 'q'])
  await both({})
  assert.deepEqual(webhook.asked, ['p', 'q', 'p', 'q'])
})

test('authorize() asks a webhook once for two concurrent equal questions about one request', async () => {
  const webhook = hook('h', { decision: 'allow', reason: '' })
  const { authorize } = createAuthorization([webhook])
  const asker = {}
  const [one, two] = await Promise.all([authorize(attributes, asker), authorize(attributes, asker)])
  assert.deepEqual([one.allowed, two.allowed, webhook.asked], [true, true, ['p']])
})

test('replace() puts other authorizers in the place of the former, and a question that waits keeps its answer', async () => {
  const answer = Promise.withResolvers<WebhookDecision>()
  const slow = { name: 'slow', ask: () => answer.promise }
  const authorization = replaceableAuthorization([slow])
  const waiting = authorization.authorize(attributes, {})
  const denying = local('D', 'deny', 'no')
  authorization.replace([denying])
  assert.deepEqual(await authorization.authorize(attributes, {}), { allowed: false, reason: 'no', denied: true })
  answer.resolve({ decision: 'allow', reason: 'as before' })
  assert.deepEqual(await waiting, { allowed: true, authorizer: 'slow', reason: 'as before', webhook: 'slow' })
  assert.deepEqual(authorization.authorizers, [denying])
})
