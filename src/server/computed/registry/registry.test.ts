import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attributes, ReviewedToken } from '../../../access/access.ts'
import { TestServer } from '../../testing.ts'
import { smallestStorage } from './storage-quota.ts'

const path = '/apis/supply.bulkhead.dev/v1'
const ada: ReviewedToken = { outcome: 'authenticated', user: { name: 'ada', groups: ['g'] }, credentialId: 'x', authenticator: 'test' }

function server(asked: Attributes[] = []) {
  return new TestServer({
    reviewRegistryToken: async token => (token === 'good' ? ada : { outcome: 'rejected', reason: 'it is bad' }),
    issueRegistryToken: async ({ user }, seconds) => ({
      ...{ token: `${user.name} for ${seconds}`, expirationTimestamp: '2026-01-01T00:00:00Z', credentialId: 'JTI=1' },
    }),
    async authorize(attributes) {
      if (attributes.resource !== 'repositories') return { allowed: true, authorizer: 'test', reason: '' }
      asked.push(attributes)
      return attributes.namespace === 'shop' ? { allowed: true, authorizer: 'test', reason: '' } : { allowed: false, reason: 'not yours' }
    },
  })
}

test('a review says which repositories the owner of the token may use, and returns no token', async () => {
  const asked: Attributes[] = []
  await using api = server(asked)
  const spec = { token: 'good', verb: 'push', repositories: ['shop/web', 'shop/team/web', 'bank/vault'] }
  const { status, json } = await api.request('POST', `${path}/repositoryaccessreviews`, { spec })
  assert.equal(status, 201)
  assert.equal(json.spec.token, '')
  assert.deepEqual(json.status, { authenticated: true, username: 'ada', reason: 'not yours', allowed: ['shop/web', 'shop/team/web'] })
  assert.deepEqual(
    asked.map(({ user, verb, group, resource, namespace, name }) => [user.name, verb, group, resource, namespace, name]),
    [
      ['ada', 'push', 'supply.bulkhead.dev', 'repositories', 'shop', 'web'],
      ['ada', 'push', 'supply.bulkhead.dev', 'repositories', 'shop', 'team/web'],
      ['ada', 'push', 'supply.bulkhead.dev', 'repositories', 'bank', 'vault'],
    ],
  )
})

test('a review of a bad token asks for no right', async () => {
  const asked: Attributes[] = []
  await using api = server(asked)
  const spec = { token: 'bad', verb: 'pull', repositories: ['shop/web'] }
  const { json } = await api.request('POST', `${path}/repositoryaccessreviews`, { spec })
  assert.deepEqual([json.status, asked], [{ authenticated: false, reason: 'it is bad' }, []])
})

for (const [what, spec] of [
  ['another verb', { token: 'good', verb: 'get', repositories: [] }],
  ['a name without a namespace', { token: 'good', verb: 'pull', repositories: ['web'] }],
  ['a name with dots', { token: 'good', verb: 'pull', repositories: ['shop/../bank/vault'] }],
  ['too many names', { token: 'good', verb: 'pull', repositories: Array.from({ length: 101 }, (_, n) => `shop/web-${n}`) }],
  ['a long token', { token: 'x'.repeat(20_000), verb: 'pull', repositories: [] }],
] as const) {
  test(`a review with ${what} is invalid`, async () => {
    await using api = server()
    assert.equal((await api.request('POST', `${path}/repositoryaccessreviews`, { spec })).status, 422)
  })
}

test('a user gets a token for the registry, for at most an hour', async () => {
  await using api = server()
  const ask = (spec: object) => api.request('POST', `${path}/registrytokens`, { spec })
  assert.deepEqual((await ask({})).json.status, {
    username: 'tester',
    token: 'tester for 3600',
    expirationTimestamp: '2026-01-01T00:00:00Z',
  })
  assert.equal((await ask({ expirationSeconds: 600 })).json.status.token, 'tester for 600')
  for (const expirationSeconds of [599, 3601]) assert.equal((await ask({ expirationSeconds })).status, 422)
  const { json } = await api.request('POST', `${path}/registrytokens?dryRun=All`, { spec: {} })
  assert.equal(json.status.token, '')
})

test('an impersonated user gets no token', async () => {
  await using api = server()
  const answer = await api.request('POST', `${path}/registrytokens`, { spec: {} }, { 'impersonate-user': 'eve' })
  assert.equal(answer.status, 400)
})

test('smallestStorage() is the smallest of all quotas', () => {
  const none = { spec: { hard: { pods: '1' } } }
  const quota = (value: string) => ({ spec: { hard: { 'repositories.supply.bulkhead.dev/storage': value } } })
  assert.equal(smallestStorage([]), undefined)
  assert.equal(smallestStorage([none]), undefined)
  assert.equal(smallestStorage([quota('2Gi'), quota('1Gi'), none]), 2 ** 30)
  assert.equal(smallestStorage([quota('nonsense')]), 0)
})
