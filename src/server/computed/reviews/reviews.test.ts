import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attributes } from '../../../access/access.ts'
import { TestServer } from '../../testing.ts'

const authorization = '/apis/authorization.k8s.io/v1'

test('access reviews refuse metadata and two questions at once, naming no kind', async () => {
  await using api = new TestServer()
  const spec = { resourceAttributes: { verb: 'get', resource: 'pods' }, nonResourceAttributes: { path: '/x', verb: 'get' } }
  const { status, json } = await api.request('POST', `${authorization}/selfsubjectaccessreviews`, { metadata: { name: 'n' }, spec })
  assert.equal(status, 422)
  assert.match(
    json.message,
    /^\.authorization\.k8s\.io "" is invalid: \[spec\.nonResourceAttributes: Invalid value: authorization\.NonResourceAttributes\{/,
  )
  assert.deepEqual(
    json.details.causes.map(({ field }: { field: string }) => field),
    ['spec.nonResourceAttributes', 'metadata'],
  )
  assert.deepEqual(Object.keys(json.details), ['group', 'causes'])
})

test('a local access review asks about its own namespace', async () => {
  await using api = new TestServer()
  const path = `${authorization}/namespaces/a/localsubjectaccessreviews`
  const ask = (namespace: string) =>
    api.request('POST', path, { spec: { user: 'u', resourceAttributes: { namespace, verb: 'get', resource: 'pods' } } })
  assert.equal((await ask('a')).json.status.allowed, true)
  const other = await ask('b')
  assert.equal(other.status, 422)
  assert.equal(other.json.details.causes[0].field, 'spec.resourceAttributes.namespace')
})

test('a self subject review is about the asker and sends back nothing else', async () => {
  await using api = new TestServer()
  const { json } = await api.request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    metadata: { name: 'n', labels: { a: 'b' } },
    status: { userInfo: { username: 'somebody' } },
  })
  assert.deepEqual(Object.keys(json.metadata), ['creationTimestamp'])
  assert.equal(json.status.userInfo.username, 'tester')
})

test('a review of rules sends back nothing of the question', async () => {
  await using api = new TestServer({ rulesFor: () => ({ resourceRules: [], nonResourceRules: [], incomplete: false }) })
  const question = { metadata: { name: 'n', labels: { a: 'b' } }, spec: { namespace: 'a' } }
  const { json } = await api.request('POST', `${authorization}/selfsubjectrulesreviews`, question)
  const { metadata, spec, status } = json
  assert.deepEqual([metadata, spec, status], [{}, {}, { resourceRules: [], nonResourceRules: [], incomplete: false }])
})

test("a token review keeps its metadata except the server's fields, and never the sent verdict", async () => {
  await using api = new TestServer({ reviewToken: async () => ({ outcome: 'no-opinion' }) })
  const { json } = await api.request('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
    metadata: { name: 'n', namespace: 'x', uid: 'u', deletionGracePeriodSeconds: 3 },
    spec: { token: 't' },
    status: { authenticated: true },
  })
  const { managedFields, ...metadata } = json.metadata
  assert.deepEqual([metadata, managedFields.length], [{ name: 'n' }, 1])
  assert.deepEqual(json.status, { user: {}, error: 'invalid bearer token' })
})

test('an access review passes the selectors of its attributes on and distinguishes an explicit denial from no opinion', async () => {
  const asked: Attributes[] = []
  await using api = new TestServer({
    async authorize(attributes) {
      if (attributes.user.name !== 'u') return { allowed: true, authorizer: 'test', reason: '' }
      asked.push(attributes)
      return attributes.verb === 'list' ? { allowed: false, reason: 'because', denied: true } : { allowed: false, reason: '' }
    },
  })
  const ask = async (resourceAttributes: object) =>
    (await api.request('POST', `${authorization}/subjectaccessreviews`, { spec: { user: 'u', resourceAttributes } })).json.status
  const fieldSelector = { requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }] }
  assert.deepEqual(await ask({ verb: 'list', resource: 'pods', fieldSelector, labelSelector: { rawSelector: 'a=b' } }), {
    allowed: false,
    denied: true,
    reason: 'because',
  })
  assert.deepEqual(await ask({ verb: 'get', resource: 'pods' }), { allowed: false })
  assert.deepEqual(
    asked.map(attributes => [attributes.fieldSelector, attributes.labelSelector]),
    [
      ['spec.nodeName=n1', 'a=b'],
      [undefined, undefined],
    ],
  )
})
