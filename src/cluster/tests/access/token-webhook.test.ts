// The token webhook through the whole server with real TLS: which tokens it gets, and the effect of its answers.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { defaultIssuer as own } from '../../../access/tokens/issue-token.ts'
import { readEndpoint } from '../../../admission/webhook/client-identity.ts'
import { until } from '../../../base/testing/wait-until.testing.ts'
import { admin, SecuredApi } from '../secured-api.testing.ts'
import { TestWebhook } from '../webhook.testing.ts'

const webhook = await TestWebhook.open()
after(() => webhook[Symbol.asyncDispose]())

const reviews = '/apis/authentication.k8s.io/v1/tokenreviews'

function opened(): Promise<SecuredApi> {
  webhook.sent.length = 0
  webhook.respond = (review, _path, answer) => {
    const { token, audiences } = review.spec
    const known = { user: { username: 'ann', groups: ['dev'] }, authenticated: true }
    const status = token === 'of-ann' ? known : token === 'for-vault' ? { ...known, audiences: ['vault'] } : {}
    answer.end(JSON.stringify({ ...review, status: { ...status, ...(audiences.length === 0 ? { error: 'no audience' } : {}) } }))
    return undefined
  }
  const endpoint = readEndpoint(webhook.kubeconfig('/tokens', { token: 'of-the-server' }), 'kubeconfig')
  return SecuredApi.open({ tokenWebhook: { endpoint, version: 'v1', cacheMs: 120_000 } })
}

const reviewsPath = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
const show = (api: SecuredApi, token: string) =>
  api.present({ authorization: `Bearer ${token}` }, reviewsPath, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: async () => Buffer.from(JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' })),
  })

test('only tokens that the webhook knows are accepted', async () => {
  await using api = await opened()
  const { status, json, text } = await show(api, 'of-ann')
  assert.equal(status, 201, text)
  assert.equal(json.status.userInfo.username, 'ann')
  assert.deepEqual(json.status.userInfo.groups, ['dev', 'system:authenticated'])
  assert.equal(api.events.at(-1)?.annotations?.['authentication.bulkhead.dev/authenticator'], 'token-webhook')
  for (const token of ['of-nobody', 'for-vault']) assert.equal((await show(api, token)).status, 401, token)
  assert.deepEqual(webhook.sent[0]?.review.spec, { token: 'of-ann', audiences: [own] })
  assert.equal(webhook.sent[0]?.caller.authorization, 'Bearer of-the-server')
  assert.doesNotMatch(api.logLines.join('') + JSON.stringify(api.events), /of-ann|of-nobody|of-the-server/)
})

test('no token of the cluster reaches the webhook, good or bad', async () => {
  await using api = await opened()
  await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'robot' } })
  const token = await api.token('default', 'robot')
  assert.equal((await show(api, token)).status, 201)
  for (const forged of [`${token}x`, token.slice(0, -8), 'bulkhead-join.abc.def']) assert.equal((await show(api, forged)).status, 401)
  assert.equal(webhook.sent.length, 0)
})

test('a denied user of the webhook is refused, though its answer is remembered', async () => {
  await using api = await opened()
  assert.equal((await show(api, 'of-ann')).status, 201)
  const forVault = async () =>
    (await api.request(admin, 'POST', reviews, { spec: { token: 'for-vault', audiences: ['vault'] } })).json.status
  assert.equal((await forVault()).authenticated, true)
  const list = '/api/v1/namespaces/kube-system/configmaps/bulkhead-denied-credentials'
  assert.equal((await api.request(admin, 'PATCH', list, { data: { ann: 'user-name:ann' } })).status, 200)
  await until(async () => (await show(api, 'of-ann')).status === 401, 'a refusal')
  assert.equal((await forVault()).authenticated, undefined)
  const { json } = await api.request(admin, 'POST', reviews, { spec: { token: 'of-ann' } })
  assert.equal(json.status.authenticated, undefined)
})

test('a TokenReview asks the webhook for the audiences that it is about', async () => {
  await using api = await opened()
  const reviewed = async (token: string, audiences?: string[]) =>
    (await api.request(admin, 'POST', reviews, { spec: { token, ...(audiences ? { audiences } : {}) } })).json.status
  assert.deepEqual(await reviewed('of-ann'), {
    authenticated: true,
    user: { username: 'ann', groups: ['dev', 'system:authenticated'] },
    audiences: [own],
  })
  assert.equal((await reviewed('of-ann', ['vault'])).authenticated, undefined)
  assert.deepEqual((await reviewed('for-vault', ['vault'])).audiences, ['vault'])
  assert.deepEqual((await reviewed('for-vault', [own, 'vault'])).audiences, ['vault'])
  assert.equal((await reviewed('for-vault')).authenticated, undefined)
  assert.equal((await reviewed('of-nobody')).authenticated, undefined)
})
