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

test('a status is warned of as its own path foresees, and not as the whole object', async () => {
  await using api = new TestServer()
  await api.create(pods, pod())
  const status = { podIP: '010.0.0.1', podIPs: [{ ip: '010.0.0.1' }] }
  const { headers } = await api.request('PATCH', `${pods}/p/status`, { status })
  const advice = 'will be considered invalid in a future Kubernetes release: use \\"10.0.0.1\\"'
  assert.equal(headers['warning'], `299 - "status.podIPs[0].ip: non-standard IP address \\"010.0.0.1\\" ${advice}"`)
})

test('binding checks the name, the uid and the version of its pod', async () => {
  await using api = new TestServer()
  const created = await api.create(pods, pod())
  const bind = async (metadata: object) =>
    (await api.request('POST', `${pods}/p/binding`, { metadata, target: { kind: 'Node', name: 'n' } })).json
  assert.equal((await bind({ name: 'q' })).message, 'name in URL does not match name in Binding object')
  const key =
    'StorageError: invalid object, Code: 4, Key: /registry/pods/default/p, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed'
  const uid = await bind({ name: 'p', uid: 'x' })
  const { uid: own, resourceVersion } = created.metadata
  assert.equal(uid.message, `Operation cannot be fulfilled on pods "p": ${key}: UID in precondition: x, UID in object meta: ${own}`)
  const version = await bind({ name: 'p', resourceVersion: '999' })
  assert.match(version.message, /ResourceVersion in precondition: 999, ResourceVersion in object meta: /)
  assert.equal((await bind({ name: 'p', uid: own, resourceVersion })).status, 'Success')
})

test('scale wants the uid of its parent, which a whole one demands and a patched one only names', async () => {
  await using api = new TestServer()
  const deployments = '/apis/apps/v1/namespaces/default/deployments'
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const { metadata } = await api.create(deployments, {
    metadata: { name: 'd' },
    spec: { selector: { matchLabels: { a: 'b' } }, template },
  })
  const why = `Precondition failed: UID in precondition: x, UID in object meta: ${metadata.uid}`
  const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'd', uid: 'x' }, spec: { replicas: -1 } }
  const whole = await api.request('PUT', `${deployments}/d/scale`, scale)
  const key = 'StorageError: invalid object, Code: 4, Key: /registry/deployments/default/d, ResourceVersion: 0, AdditionalErrorMsg'
  assert.equal(whole.json.message, `Operation cannot be fulfilled on deployments.apps "d": ${key}: ${why}`)
  const patched = await api.request('PATCH', `${deployments}/d/scale`, { metadata: { uid: 'x' } })
  assert.equal(patched.json.message, `Operation cannot be fulfilled on deployments/scale.apps "d": ${why}`)
  const named = await api.request('PUT', `${deployments}/d/scale`, { ...scale, metadata: { name: 'e', uid: 'x' } })
  assert.equal(named.status, 400)
})

test('log asks the node and passes its text on', async () => {
  await using api = new TestServer()
  await api.create(pods, pod(['c'], { nodeName: 'n1' }))
  await api.request('PATCH', `${pods}/p/status`, {
    status: { containerStatuses: [{ name: 'c', state: { running: {} }, image: 'i', imageID: '', ready: true, restartCount: 0 }] },
  })
  const gone = await api.get(`${pods}/p/log`)
  assert.deepEqual([gone.status, gone.json.message], [404, 'nodes "n1" not found'])
  await api.create('/api/v1/nodes', { metadata: { name: 'n1' } })
  const unreachable = await api.get(`${pods}/p/log`)
  assert.deepEqual(
    [unreachable.status, unreachable.json.message],
    [503, 'error dialing backend: node "n1" has no open tunnel to this API server'],
  )
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

/** A running pod whose node answers as a test says. */
async function answeringNode(answer: { status: number; contentType: string; text: string }): Promise<TestServer & { asked: string[] }> {
  const api = Object.assign(new TestServer(), { asked: [] as string[] })
  await api.create('/api/v1/nodes', { metadata: { name: 'n1' } })
  await api.create(pods, pod(['c'], { nodeName: 'n1' }))
  await api.request('PATCH', `${pods}/p/status`, {
    status: { containerStatuses: [{ name: 'c', state: { running: {} }, image: 'i', imageID: '', ready: true, restartCount: 0 }] },
  })
  api.server.nodeTunnels.register('n1', async request => {
    if ('query' in request) api.asked.push(request.query)
    return { ...answer, stream: Duplex.from([Buffer.from(answer.text)]) }
  })
  return api
}

const page = '<script>fetch("/api/v1/secrets")</script>'

for (const path of [`${pods}/p/log`, '/api/v1/nodes/n1/proxy/healthz', '/api/v1/nodes/n1/proxy/metrics/resource'])
  test(`${path} is text, whatever the node's answer says`, async () => {
    await using api = await answeringNode({ status: 200, contentType: 'text/html', text: page })
    const { status, text, headers } = await api.get(path)
    assert.deepEqual([status, text], [200, page])
    assert.match(headers['content-type'] ?? '', /^text\/plain(;|$)/)
    assert.equal(headers['x-content-type-options'], 'nosniff')
  })

for (const [title, status, text, expected] of [
  ['a page', 202, page, [500, 'InternalError', 'Internal error occurred: unable to read the log: the node answered 202']],
  ['a redirect', 302, page, [500, 'InternalError', 'Internal error occurred: unable to read the log: the node answered 302']],
  ['an error in HTML', 404, page, [500, 'InternalError', 'Internal error occurred: unable to read the log: the node answered 404']],
  ['a Status', 400, '{"kind":"Status","code":400,"reason":"BadRequest","message":"no","x":"y"}', [400, 'BadRequest', 'no']],
  [
    'a Status of success',
    400,
    '{"kind":"Status","code":200}',
    [500, 'InternalError', 'Internal error occurred: unable to read the log: the node answered 400'],
  ],
] as const)
  test(`log is refused in this server's words if the node answers ${title}`, async () => {
    await using api = await answeringNode({ status, contentType: 'text/html', text })
    const { status: answered, json, headers } = await api.get(`${pods}/p/log`)
    assert.deepEqual([answered, json.reason, json.message, json.x], [...expected, undefined])
    assert.equal(headers['content-type'], 'application/json')
  })

test('log asks the node for the options that were validated, in one form', async () => {
  await using api = await answeringNode({ status: 200, contentType: '', text: '' })
  for (const [query, asked] of [
    [
      'x=1&tailLines=%2B2&limitBytes=9223372036854775807&previous=0&timestamps',
      `timestamps=true&tailLines=2&limitBytes=${Number.MAX_SAFE_INTEGER}`,
    ],
    ['sinceTime=2026-01-01T01:00:00.5%2B01:00&container=c', 'sinceTime=2026-01-01T00%3A00%3A00Z'],
    ['sinceTime=null&tailLines=1&tailLines=2', 'tailLines=1'],
  ]) {
    assert.equal((await api.get(`${pods}/p/log?${query}`)).status, 200, query)
    assert.equal(api.asked.at(-1), asked)
  }
  const { status, json } = await api.get(`${pods}/p/log?tailLines=1#`)
  assert.deepEqual([status, json.message], [400, 'the request target must not hold "#": send it as a percent-encoded escape'])
})

test('log of a pod that no node runs is empty, once the container is known', async () => {
  await using api = new TestServer()
  await api.create(pods, pod(['a', 'b']))
  const { status, text } = await api.get(`${pods}/p/log?container=a`)
  assert.deepEqual([status, text], [204, ''])
  assert.equal((await api.get(`${pods}/p/log`)).status, 400)
})

const logRefusals: readonly [string, object, string, RegExp][] = [
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

const logOptionRefusals: readonly [string, number, string][] = [
  ['tailLines=-1', 422, 'PodLogOptions "p" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0'],
  ['limitBytes=0', 422, 'PodLogOptions "p" is invalid: limitBytes: Invalid value: 0: must be greater than 0'],
  ['sinceSeconds=0', 422, 'PodLogOptions "p" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0'],
  [
    'sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z',
    422,
    'PodLogOptions "p" is invalid: []: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
  ],
  ['tailLines=many', 400, 'strconv.ParseInt: parsing "many": invalid syntax'],
  ['sinceTime=now&tailLines=many', 400, 'parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"'],
  ['stream=Stdout', 422, 'PodLogOptions "p" is invalid: stream: Forbidden: may not be specified'],
  [
    'sinceSeconds=1&sinceTime=',
    422,
    'PodLogOptions "p" is invalid: []: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
  ],
]
for (const [query, code, message] of logOptionRefusals) {
  test(`log refuses ${query} before it looks for the pod`, async () => {
    await using api = new TestServer()
    const { status, json } = await api.get(`${pods}/p/log?${query}`)
    assert.deepEqual([status, json.message], [code, message])
  })
}

test('exec requires an upgrade, and proxies report missing targets', async () => {
  await using api = new TestServer()
  await api.create(pods, pod(['c'], { nodeName: 'n1' }))
  assert.equal((await api.request('POST', `${pods}/p/exec?command=ls`)).json.message, 'Upgrade request required')
  for (const [path, status, message] of [
    [`${pods}/p/proxy/x`, 400, 'address not allowed'],
    [`${pods}/p/proxy/x?dryRun=All`, 400, 'dryRun is not supported'],
    ['/api/v1/nodes/n/proxy/healthz', 404, 'nodes "n" not found'],
    ['/api/v1/namespaces/default/services/s/proxy/', 404, 'endpoints "s" not found'],
  ] as const) {
    const answer = await api.get(path)
    assert.deepEqual([answer.status, answer.json.message], [status, message])
  }
})

test('token is validated by admission and requested from the issuer; a dry run keeps it', async () => {
  const asked: unknown[] = []
  const admitted: string[] = []
  await using api = new TestServer({
    admission: {
      mutate: () => undefined,
      validate: ({ operation, subresource, name }) => void admitted.push(`${operation} ${name}/${subresource}`),
    },
    issueToken: async (account, spec) => {
      asked.push({ account, spec })
      const expires = { expirationSeconds: 700, expirationTimestamp: '2026-01-01T01:00:00Z' }
      return { token: 'signed', audiences: ['api'], ...expires, credentialId: 'JTI=1', warnings: ['shortened'] }
    },
  })
  const accounts = '/api/v1/namespaces/default/serviceaccounts'
  const spec = { audiences: [], expirationSeconds: 700 }
  const answer = await api.request('POST', `${accounts}/s/token`, { spec })
  assert.equal(answer.status, 201, answer.text)
  assert.deepEqual(answer.json.status, { token: 'signed', expirationTimestamp: '2026-01-01T01:00:00Z' })
  assert.deepEqual(answer.json.spec, { audiences: ['api'], expirationSeconds: 700, boundObjectRef: null })
  assert.deepEqual(asked, [{ account: { namespace: 'default', name: 's' }, spec: { ...spec, boundObjectRef: null } }])
  assert.deepEqual(admitted, ['CREATE s/token'])
  assert.match(answer.headers['warning'] ?? '', /shortened/)
  assert.equal(api.events.at(-1)?.annotations?.['authentication.kubernetes.io/issued-credential-id'], 'JTI=1')
  const dry = await api.request('POST', `${accounts}/s/token?dryRun=All`, { spec })
  assert.equal(dry.json.status.token, '')
  const other = await api.request('POST', `${accounts}/s/token`, { metadata: { name: 'x' }, spec })
  assert.match(other.json.message, /metadata.name: Invalid value: "x": must match the service account name if specified/)
})

const posted = [
  { what: 'pods/p/binding', body: { target: { name: 'n' } } },
  { what: 'bindings', body: { target: { name: 'n' } } },
  { what: 'pods/p/eviction', body: {} },
  { what: 'serviceaccounts/p/token', body: { spec: {} } },
]
for (const { what, body } of posted) {
  test(`a body for ${what} is in the namespace of its path`, async () => {
    await using api = new TestServer({ issueToken: () => Promise.reject(new Error('nothing is signed')) })
    await api.create(pods, pod())
    const metadata = { name: 'p', namespace: 'other' }
    const { status, json } = await api.request('POST', `/api/v1/namespaces/default/${what}`, { ...body, metadata })
    assert.deepEqual([status, json.message], [400, 'the namespace of the provided object does not match the namespace sent on the request'])
  })
}

test('subresourceHandlers() uses every file of the folder', async () => {
  const files = readdirSync(import.meta.dirname).filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'index.ts')
  const { readFileSync } = await import('node:fs')
  const index = readFileSync(new URL('./index.ts', import.meta.url), 'utf8')
  for (const file of files) assert.ok(index.includes(`'./${file}'`), `${file} is in no list`)
})
