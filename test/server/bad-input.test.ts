// Input of an attacker or a broken client: each is answered with a Kubernetes Status that names the error, and the server continues.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { AdminConnection, type AdminRequest, type Answer } from '../admin-request.ts'
import { TestCluster } from '../cluster.ts'

let cluster: TestCluster
let admin: AdminConnection
let serverProcess: number

before(async () => {
  cluster = await TestCluster.start({ flags: ['--control-plane-only'] })
  admin = new AdminConnection(cluster.kubeconfig)
  const made = await admin.send(post(configMap('there')))
  if (made.status !== 201) throw new Error(made.text)
  serverProcess = (await cluster.part('server')).pid
})

after(async () => {
  admin?.[Symbol.dispose]()
  await cluster?.[Symbol.asyncDispose]()
})

const configMaps = '/api/v1/namespaces/default/configmaps'
const pods = '/api/v1/namespaces/default/pods'
const json = { 'content-type': 'application/json' }
const long = 'n'.repeat(300)
const post = (body: string | Buffer, path = configMaps, headers: Readonly<Record<string, string>> = json): AdminRequest => ({
  method: 'POST',
  path,
  headers,
  body,
})
const configMap = (name: string, more: object = {}) => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...more })

interface Row {
  readonly name: string
  readonly send: AdminRequest
  readonly code: number
  readonly reason?: string
  readonly message?: RegExp
  /** From `details.causes`. */
  readonly field?: string
}

const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth)

const rows: readonly Row[] = [
  { name: 'an empty body', send: post(''), code: 400, reason: 'BadRequest' },
  { name: 'no JSON', send: post('{"apiVersion": "v1", '), code: 400, reason: 'BadRequest' },
  { name: 'bytes that are not UTF-8', send: post(Buffer.from([0x7b, 0xff, 0xfe, 0x7d])), code: 400, reason: 'BadRequest' },
  { name: 'a list where an object is due', send: post('[]'), code: 400, reason: 'BadRequest' },
  { name: 'null', send: post('null'), code: 422, reason: 'Invalid', field: 'metadata.name' },
  { name: 'another kind', send: post('{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}'), code: 400, reason: 'BadRequest' },
  { name: 'no kind', send: post('{"apiVersion":"v1","kind":"Nothing","metadata":{"name":"a"}}'), code: 400, reason: 'BadRequest' },
  { name: 'malformed YAML', send: post('a: [1', configMaps, { 'content-type': 'application/yaml' }), code: 400, reason: 'BadRequest' },
  {
    name: 'YAML that expands a thousand-fold',
    send: post(
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
        .split('')
        .map((key, at) => `${key}: &${key} [${Array(10).fill(`*${'abcdefgh'[at]}`).join(',')}]`)
        .join('\n')}\n`,
      configMaps,
      { 'content-type': 'application/yaml' },
    ),
    code: 400,
    reason: 'BadRequest',
  },
  {
    name: 'an unknown field',
    send: post(configMap('a', { colour: 'red' }), `${configMaps}?fieldValidation=Strict`),
    code: 400,
    reason: 'BadRequest',
    message: /unknown field "colour"/,
  },
  {
    name: 'a field twice',
    send: post(configMap('a').replace('{', '{"data":{},"data":{},'), `${configMaps}?fieldValidation=Strict`),
    code: 400,
    reason: 'BadRequest',
    message: /duplicate field "data"/,
  },
  {
    name: 'a number where a text is due',
    send: post(configMap('a', { data: { a: 1 } })),
    code: 400,
    reason: 'BadRequest',
    message: /cannot unmarshal number into Go struct field .*data of type string/,
  },
  {
    name: 'a text where a list is due',
    send: post('{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":"x"}}', pods),
    code: 400,
    reason: 'BadRequest',
    message: /cannot unmarshal string into Go struct field .*containers/,
  },
  { name: 'a name of 300 characters', send: post(configMap(long)), code: 422, reason: 'Invalid', field: 'metadata.name' },
  { name: 'a name with a slash', send: post(configMap('a/b')), code: 422, reason: 'Invalid', field: 'metadata.name' },
  {
    name: 'a label of 300 characters',
    send: post(configMap('a', { metadata: { name: 'a', labels: { a: long } } })),
    code: 422,
    reason: 'Invalid',
    field: 'metadata.labels',
  },
  {
    name: 'a key that is not a file name',
    send: post(configMap('a', { data: { '../x': '' } })),
    code: 422,
    reason: 'Invalid',
    field: 'data[../x]',
  },
  {
    name: 'a negative port',
    send: post(
      '{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"ports":[{"port":-1}]}}',
      '/api/v1/namespaces/default/services',
    ),
    code: 422,
    reason: 'Invalid',
    field: 'spec.ports[0].port',
  },
  {
    name: 'another name than in the path',
    send: { ...post(configMap('b'), `${configMaps}/a`), method: 'PUT' },
    code: 400,
    reason: 'BadRequest',
  },
  {
    name: 'another namespace than in the path',
    send: post(configMap('a', { metadata: { name: 'a', namespace: 'b' } })),
    code: 400,
    reason: 'BadRequest',
  },
  {
    name: 'a body of 4 MiB',
    send: post(configMap('a', { data: { a: 'x'.repeat(4 * 2 ** 20) } })),
    code: 413,
    reason: 'RequestEntityTooLarge',
  },
  {
    name: 'a content type that nobody reads',
    send: post('<a/>', configMaps, { 'content-type': 'text/xml' }),
    code: 415,
    reason: 'UnsupportedMediaType',
  },
  {
    name: 'a patch of no type',
    send: { method: 'PATCH', path: `${configMaps}/there`, headers: json, body: '{}' },
    code: 415,
    reason: 'UnsupportedMediaType',
  },
  {
    name: 'a JSON patch that is not a list',
    send: {
      method: 'PATCH',
      path: `${configMaps}/there`,
      headers: { 'content-type': 'application/json-patch+json' },
      body: '{}',
    },
    code: 400,
    reason: 'BadRequest',
  },
  { name: 'a form that nobody writes', send: { path: configMaps, headers: { accept: 'text/html' } }, code: 406, reason: 'NotAcceptable' },
  {
    name: 'a label selector that cannot be read',
    send: { path: `${configMaps}?labelSelector=a%20b%20c` },
    code: 400,
    reason: 'BadRequest',
  },
  { name: 'a field that no selector may name', send: { path: `${configMaps}?fieldSelector=data.a%3Db` }, code: 400, reason: 'BadRequest' },
  { name: 'a limit that is not a number', send: { path: `${configMaps}?limit=x` }, code: 400, reason: 'BadRequest' },
  { name: 'a continue token of our own making', send: { path: `${configMaps}?continue=x` }, code: 400, reason: 'BadRequest' },
  {
    name: 'an invalid resourceVersion',
    // Upstream's storage layer refuses it, so it is no Invalid and has no reason.
    send: { path: `${configMaps}?resourceVersion=x&watch=true` },
    code: 500,
    message: /^resourceVersion: Invalid value: "x"/,
  },
  { name: 'a kind that does not exist', send: { path: '/api/v1/namespaces/default/nothings' }, code: 404, reason: 'NotFound' },
  { name: 'a subresource that does not exist', send: { path: `${configMaps}/a/nothing` }, code: 404, reason: 'NotFound' },
  {
    name: 'a verb that the kind does not have',
    send: { method: 'DELETE', path: '/api/v1/namespaces' },
    code: 405,
    reason: 'MethodNotAllowed',
  },
  {
    name: 'a hundred thousand open brackets',
    send: post(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":${nested(100_000, '[', ']')}}`),
    code: 400,
    reason: 'BadRequest',
  },
  {
    name: 'nested objects in an unknown field',
    send: post(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"deep"},"x":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`),
    code: 400,
    reason: 'BadRequest',
  },
]

for (const { name, send, code, reason, message, field } of rows)
  test(`refused with a Status: ${name}`, async () => {
    const answer = await admin.send(send)
    assertStatus(answer, code)
    if (reason !== undefined) assert.equal(answer.body?.['reason'], reason, answer.text)
    if (message !== undefined) assert.match(String(answer.body?.['message']), message)
    if (field !== undefined) assert.ok(causeFields(answer).includes(field), answer.text)
  })

function assertStatus(answer: Answer, code: number): void {
  assert.equal(answer.status, code, answer.text.slice(0, 500))
  const { kind, apiVersion, status, message } = answer.body ?? {}
  assert.deepEqual({ kind, apiVersion, status }, { kind: 'Status', apiVersion: 'v1', status: 'Failure' })
  assert.equal(answer.body?.['code'], code)
  assert.ok(typeof message === 'string' && message !== '', answer.text)
  // A message that repeats a large input would be an amplifier, and a stack would reveal internals.
  assert.ok(message.length < 4096, `${message.length} characters: ${message.slice(0, 200)}`)
  assert.doesNotMatch(message, /\bat .*\.[jt]s:\d+/)
}

function causeFields(answer: Answer): unknown[] {
  const details: unknown = answer.body?.['details']
  if (typeof details !== 'object' || details === null || !('causes' in details) || !Array.isArray(details.causes)) return []
  return details.causes.map((cause: { field?: unknown }) => cause.field)
}

test("an unknown group is not found, in upstream's form", async () => {
  const { status, text } = await admin.send({ path: '/apis/nothing/v1/things' })
  assert.equal(status, 404)
  assert.equal(text, '404 page not found\n')
})

test('__proto__ and constructor are keys like others, or unknown fields; no object changes by them', async () => {
  const data = '{"__proto__":"a","constructor":"b","prototype":"c"}'
  const made = await admin.send(post(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"proto"},"data":${data}}`))
  assert.equal(made.status, 201, made.text)
  const read = await admin.send({ path: `${configMaps}/proto` })
  assert.ok(read.text.includes('"__proto__":"a"'), read.text)
  for (const type of ['application/merge-patch+json', 'application/strategic-merge-patch+json']) {
    const polluting = '{"__proto__":{"polluted":"x"},"metadata":{"__proto__":{"polluted":"x"}},"data":{"__proto__":"d"}}'
    const patched = await admin.send({ method: 'PATCH', path: `${configMaps}/proto`, headers: { 'content-type': type }, body: polluting })
    assert.ok([200, 400].includes(patched.status), patched.text)
  }
  const step = '[{"op":"add","path":"/__proto__/polluted","value":"x"}]'
  const jsonPatch = { 'content-type': 'application/json-patch+json' }
  const patched = await admin.send({ method: 'PATCH', path: `${configMaps}/proto`, headers: jsonPatch, body: step })
  assert.ok(patched.status >= 400 && patched.status < 500, patched.text)
  assert.ok(!(await admin.send({ path: '/api/v1/namespaces' })).text.includes('polluted'))
})

const paths = [
  `${configMaps}/../secrets`,
  `${configMaps}/%2e%2e/secrets`,
  `${configMaps}/..%2fsecrets`,
  `${configMaps}/a%2fb`,
  `${configMaps}/a%252fb`,
  `${configMaps}/a%00b`,
  `${configMaps}/%ff`,
  `${configMaps}/%zz`,
  `/api//v1/namespaces`,
  `//api/v1/namespaces`,
  `/api/v1/namespaces/%2e%2e/secrets`,
  `/apis/../api/v1/secrets`,
  `/static/..%5c..%5cetc/passwd`,
  `/logs/..%2f..%2fetc/shadow`,
  `/logs/%2e%2e/%2e%2e/etc/shadow`,
  `/logs/..%252f..%252fetc/shadow`,
  `/${'x/'.repeat(2000)}`,
]

test('a path that means another one is refused or is a name that does not exist; nothing else answers', async () => {
  for (const path of paths) {
    const answer = await admin.raw(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`)
    assert.match(answer, /^HTTP\/1\.1 (301|400|404|414|431) /, `${path}: ${answer.slice(0, 300)}`)
    assert.doesNotMatch(answer, /"kind":"(Secret|Namespace)List"/, path)
  }
})

const refusal = (text: string) => `HTTP/1.1 ${text}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${text}`
const badRequest = refusal('400 Bad Request')
const tooLarge = refusal('431 Request Header Fields Too Large')

const malformed: readonly { readonly name: string; readonly bytes: string; readonly answer: string }[] = [
  { name: 'no HTTP at all', bytes: 'hello\r\n\r\n', answer: badRequest },
  { name: 'a method that does not exist', bytes: 'BREW /api HTTP/1.1\r\nhost: a\r\n\r\n', answer: badRequest },
  {
    name: 'HTTP/1.1 without a host',
    bytes: 'GET /healthz HTTP/1.1\r\n\r\n',
    answer: refusal('400 Bad Request: missing required Host header'),
  },
  { name: 'a header of 100 KiB', bytes: `GET /healthz HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`, answer: tooLarge },
  { name: 'a header of 2 MB', bytes: `GET /healthz HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(2_000_000)}\r\n\r\n`, answer: tooLarge },
  {
    name: 'ten thousand headers',
    bytes: `GET /healthz HTTP/1.1\r\nhost: a\r\n${Array.from({ length: 10_000 }, (_, at) => `x-${at}: 1\r\n`).join('')}\r\n`,
    answer: tooLarge,
  },
  {
    name: 'two lengths',
    bytes: 'POST /api HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
    answer: badRequest,
  },
  {
    name: 'a length and chunks',
    bytes: 'POST /api HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    answer: badRequest,
  },
  { name: 'a NUL in a header', bytes: 'GET /healthz HTTP/1.1\r\nhost: a\r\nx: \0\r\n\r\n', answer: badRequest },
]

test('malformed HTTP is refused in words that arrive', async () => {
  for (const { name, bytes, answer } of malformed) assert.equal(await admin.raw(bytes), answer, name)
})

test('a body of malformed chunks is refused with a Status, and nothing is served behind it', async () => {
  const head = `POST ${configMaps} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`
  const text = await admin.raw(`${head}zz\r\n${head}`)
  assert.match(text, /^HTTP\/1\.1 400 [\s\S]*"message":"the request body ended early"[\s\S]*}$/)
  assert.equal(text.split('HTTP/1.1').length, 2, text)
})

test('HTTP/1.0 is answered and the connection closed', async () => {
  const text = await admin.raw('GET /readyz HTTP/1.0\r\n\r\n')
  assert.match(text, /^HTTP\/1\.[01] 200 /)
  assert.ok(text.endsWith('\r\n\r\nok'), text)
})

test('a client that sends its header byte by byte holds no other up', async () => {
  const slow = Array.from({ length: 50 }, () => admin.open())
  await Promise.all(slow.map(socket => once(socket, 'secureConnect')))
  for (const socket of slow) socket.write('GET /api HTTP/1.1\r\nx')
  assert.equal((await admin.send({ path: '/readyz' })).text, 'ok')
  for (const socket of slow) socket.destroy()
})

test('a client that announces a body and sends none holds no other up', async () => {
  const slow = Array.from({ length: 50 }, () => admin.open())
  await Promise.all(slow.map(socket => once(socket, 'secureConnect')))
  for (const socket of slow)
    socket.write(`POST ${configMaps} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{`)
  assert.equal((await admin.send(post(configMap('beside-slow')))).status, 201)
  for (const socket of slow) socket.destroy()
})

test('after all that the same server process runs, and said nothing of a failure of its own', async () => {
  const server = await cluster.part('server')
  assert.equal(server.pid, serverProcess)
  assert.equal(server.restarts, 0)
  assert.doesNotMatch(cluster.output, /"level":[56]0|Warning/)
})
