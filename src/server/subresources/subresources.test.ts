import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { TestServer } from '../testing.ts'

const pods = '/api/v1/namespaces/default/pods'
const pod = (containers: string[] = ['c'], extra: object = {}) => ({
  metadata: { name: 'p', labels: { app: 'a' } },
  spec: { containers: containers.map(name => ({ name, image: 'i' })), ...extra },
})
const bindingTo = (name: string) => ({ metadata: { name: 'p' }, target: { kind: 'Node', name } })

test('binding gives a pod its node once and marks it scheduled', async () => {
  await using api = new TestServer()
  await api.create(pods, pod())
  const bound = await api.request('POST', `${pods}/p/binding`, bindingTo('n1'))
  assert.equal(bound.status, 201)
  const { json } = await api.get(`${pods}/p`)
  assert.equal(json.spec.nodeName, 'n1')
  assert.equal(json.status.conditions.find((condition: { type: string }) => condition.type === 'PodScheduled').status, 'True')
  const again = await api.request('POST', `${pods}/p/binding`, bindingTo('n2'))
  assert.equal(again.status, 409)
  assert.match(again.json.message, /pod p is already assigned to node "n1"/)
})

test('bindings binds too, and a bad target is an error', async () => {
  await using api = new TestServer()
  await api.create(pods, pod())
  assert.equal(
    (await api.request('POST', '/api/v1/namespaces/default/bindings', { metadata: { name: 'p' }, target: { kind: 'Pod', name: 'x' } }))
      .status,
    500,
  )
  assert.equal((await api.request('POST', '/api/v1/namespaces/default/bindings', bindingTo('n1'))).status, 201)
  assert.equal((await api.get(`${pods}/p`)).json.spec.nodeName, 'n1')
})

test('eviction deletes, and a budget without room refuses with 429', async () => {
  await using api = new TestServer()
  await api.create(pods, pod(['c'], { nodeName: 'n1' }))
  await api.request('PATCH', `${pods}/p/status`, { status: { phase: 'Running' } })
  const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  await api.create(budgets, { metadata: { name: 'b' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'a' } } } })
  const status = { observedGeneration: 1, disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 }
  await api.request('PATCH', `${budgets}/b/status`, { status })
  const eviction = { metadata: { name: 'p' } }
  const refused = await api.request('POST', `${pods}/p/eviction`, eviction)
  assert.equal(refused.status, 429)
  assert.equal(refused.json.message, "Cannot evict pod as it would violate the pod's disruption budget.")
  assert.equal(refused.json.details.causes[0].reason, 'DisruptionBudget')
  await api.request('PATCH', `${budgets}/b/status`, { status: { disruptionsAllowed: 1 } })
  assert.equal((await api.request('POST', `${pods}/p/eviction?dryRun=All`, eviction)).status, 201)
  assert.equal((await api.get(`${budgets}/b`)).json.status.disruptionsAllowed, 1)
  assert.equal((await api.request('POST', `${pods}/p/eviction`, eviction)).status, 201)
  assert.ok((await api.get(`${pods}/p`)).json.metadata.deletionTimestamp)
  const budget = (await api.get(`${budgets}/b`)).json
  assert.equal(budget.status.disruptionsAllowed, 0)
  assert.ok(budget.status.disruptedPods.p)
})

test('log asks the node and passes its text on', async () => {
  await using api = new TestServer()
  await api.create(pods, pod(['c'], { nodeName: 'n1' }))
  await api.request('PATCH', `${pods}/p/status`, {
    status: { containerStatuses: [{ name: 'c', state: { running: {} }, image: 'i', imageID: '', ready: true, restartCount: 0 }] },
  })
  assert.equal((await api.get(`${pods}/p/log`)).status, 503)
  const asked: unknown[] = []
  api.server.nodeTunnels.register('n1', async request => {
    asked.push(request)
    return { status: 200, contentType: 'text/plain', stream: Duplex.from(['line 1\n', 'line 2\n']) }
  })
  const { status, text, headers } = await api.get(`${pods}/p/log?tailLines=2`)
  assert.equal(status, 200)
  assert.equal(text, 'line 1\nline 2\n')
  assert.equal(headers['content-type'], 'text/plain')
  const { uid } = (await api.get(`${pods}/p`)).json.metadata
  assert.deepEqual(asked, [{ kind: 'logs', pod: { namespace: 'default', name: 'p', uid }, container: 'c', query: 'tailLines=2' }])
})

const logRefusals: readonly [string, object, string, RegExp][] = [
  ['no node', pod(), '', /^pod p does not have a host assigned$/],
  ['several containers', pod(['a', 'b'], { nodeName: 'n' }), '', /^a container name must be specified for pod p, choose one of: \[a b\]$/],
  ['an unknown container', pod(['a'], { nodeName: 'n' }), '?container=x', /^container x is not valid for pod p$/],
  [
    'a container that has not begun',
    pod(['a'], { nodeName: 'n' }),
    '',
    /^container "a" in pod "p" is waiting to start: ContainerCreating$/,
  ],
  ['no earlier container', pod(['a'], { nodeName: 'n' }), '?previous=true', /^previous terminated container "a" in pod "p" not found$/],
]
for (const [name, object, query, message] of logRefusals) {
  test(`log refuses ${name} in upstream's words`, async () => {
    await using api = new TestServer()
    await api.create(pods, object as { metadata: object })
    const { status, json } = await api.get(`${pods}/p/log${query}`)
    assert.equal(status, 400)
    assert.match(json.message, message)
  })
}

test('exec needs an upgrade and proxies say that they are not there', async () => {
  await using api = new TestServer()
  await api.create(pods, pod())
  assert.equal((await api.request('POST', `${pods}/p/exec?command=ls`)).json.message, 'Upgrade request required')
  for (const path of [`${pods}/p/proxy/x`, '/api/v1/nodes/n/proxy', '/api/v1/namespaces/default/services/s/proxy']) {
    const { status, json } = await api.get(path)
    assert.equal(status, 501)
    assert.match(json.message, /\/proxy is not implemented by this API server/)
  }
})

test('token asks the issuer for the account, bound to a pod that runs under it', async () => {
  const subjects: unknown[] = []
  await using api = new TestServer({
    issueToken: async subject => {
      subjects.push(subject)
      return { token: 'signed', audiences: ['api'], expires: Date.UTC(2026, 0, 1, 1) }
    },
  })
  const accounts = '/api/v1/namespaces/default/serviceaccounts'
  const { metadata } = await api.create(accounts, { metadata: { name: 's' } })
  const created = await api.create(pods, pod(['c'], { nodeName: 'n1', serviceAccountName: 's' }))
  const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: created.metadata.uid }
  const answer = await api.request('POST', `${accounts}/s/token`, { spec: { audiences: [], expirationSeconds: 700, boundObjectRef } })
  assert.equal(answer.status, 201, answer.text)
  assert.deepEqual(answer.json.status, { token: 'signed', expirationTimestamp: '2026-01-01T01:00:00Z' })
  assert.deepEqual(subjects, [
    {
      namespace: 'default',
      name: 's',
      uid: metadata.uid,
      audiences: [],
      expirationSeconds: 700,
      boundTo: { kind: 'Pod', name: 'p', uid: created.metadata.uid },
      node: { name: 'n1' },
    },
  ])
  const short = await api.request('POST', `${accounts}/s/token`, { spec: { audiences: [], expirationSeconds: 5 } })
  assert.match(short.json.message, /may not specify a duration less than 10 minutes/)
  const wrong = await api.request('POST', `${accounts}/s/token`, {
    spec: { audiences: [], boundObjectRef: { ...boundObjectRef, uid: 'x' } },
  })
  assert.equal(wrong.status, 409)
})

test('subresourceHandlers() uses every file of the folder', async () => {
  const files = readdirSync(import.meta.dirname).filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'index.ts')
  const { readFileSync } = await import('node:fs')
  const index = readFileSync(new URL('./index.ts', import.meta.url), 'utf8')
  for (const file of files) assert.ok(index.includes(`'./${file}'`), `${file} is in no list`)
})
