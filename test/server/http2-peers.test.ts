// Behaviour of honest HTTP/2 clients that some servers take for abuse; and single frames that end a stream or a connection.
import assert from 'node:assert/strict'
import { type ClientHttp2Session, connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { buffer } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { code, fields, flag, frame, get, post, RawClient, settings, type, uint32 } from './http2-frames.ts'
import { type ClientCertificate, ListeningServer } from './listening-server.ts'

const { endStream, endHeaders } = flag
const maps = '/api/v1/namespaces/default/configmaps'
const mapBytes = 900_000

let server: ListeningServer
let admin: ClientCertificate
before(async () => {
  server = await ListeningServer.start()
  admin = await server.client('admin', ['system:masters'])
  const client = session(true)
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'large-' }, data: { k: 'x'.repeat(mapBytes) } }
  for (let i = 0; i < 4; i++) assert.equal((await ask(client, 'POST', maps, Buffer.from(JSON.stringify(body)))).status, 201)
  client.close()
})
after(async () => {
  await server[Symbol.asyncDispose]()
})

function session(isAdmin: boolean, options: object = {}): ClientHttp2Session {
  const credentials = isAdmin ? { cert: admin.certificate, key: admin.key } : {}
  return connectHttp2(server.url, { ca: server.ca, ...credentials, ...options })
}

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Rejects if the stream or the session ends early. */
async function ask(client: ClientHttp2Session, method: string, path: string, body?: Buffer): Promise<Answer> {
  const stream = client.request({ ':method': method, ':path': path, 'content-type': 'application/json' }, { endStream: body === undefined })
  const head = new Promise<IncomingHttpHeaders & { ':status'?: number }>((resolve, reject) => {
    stream.once('response', resolve)
    stream.once('error', reject)
    client.once('error', reject)
  })
  if (body !== undefined) stream.end(body)
  const headers = await head
  return { status: headers[':status'], headers, body: await buffer(stream) }
}

test('bodies of refused requests do not narrow the connection for later ones', async () => {
  for (const certificate of [undefined, admin]) {
    using client = await RawClient.connect(server, certificate === undefined ? {} : { certificate })
    const [path, status] = certificate === undefined ? [maps, 'Unauthorized'] : ['/api/v1/nothing-of-the-kind', 'NotFound']
    // Together more than the window of the connection, which the server widens for dropped bytes. Each body arrives before its answer.
    for (let stream = 1; stream < 600; stream += 2) {
      await client.send(post(stream, path), frame(type.data, endStream, stream, Buffer.alloc(16_000)))
      await client.until(() => client.hasEnded(stream), 'the refusal')
      assert.equal(JSON.parse(client.bodyOf(stream).toString()).reason, status)
    }
  }
})

test('a too large body, announced or not, is refused with an answer that its client can read, and the connection continues', async () => {
  const client = session(true)
  for (let i = 0; i < 4; i++) {
    const { status, body } = await ask(client, 'POST', maps, Buffer.alloc(3_500_000, 0x20))
    assert.deepEqual([status, JSON.parse(body.toString()).reason], [413, 'RequestEntityTooLarge'])
  }
  assert.equal((await ask(client, 'GET', '/livez')).status, 200)
  client.close()
})

test('an answer has a date, and one to HEAD has no body', async () => {
  const client = session(true)
  const { headers } = await ask(client, 'GET', '/livez')
  assert.ok(Date.parse(String(headers.date)) > Date.parse('2026-01-01'))
  assert.equal((await ask(client, 'HEAD', maps)).body.length, 0)
  client.close()
})

const windows: readonly (readonly [bytes: number, why: string])[] = [
  [0, 'a window of nothing, which is opened later'],
  [1023, 'windows of a kibibyte'],
  [65_535, 'the usual windows'],
]
for (const [bytes, why] of windows)
  test(`a list of megabytes reaches a client with ${why}, which widens the smallest of them in halves`, async () => {
    using client = await RawClient.connect(server, { certificate: admin, settings: settings([4, bytes]) })
    await client.send(get(1, '/api/v1/configmaps'))
    await client.until(() => client.frames.some(one => one.type === type.headers && one.stream === 1), 'the head')
    const window = Math.max(bytes, 1023)
    if (bytes === 0) await client.send(settings([4, window]))
    let seen = 0
    let untold = 0
    // The connection's own window is as usual: it is widened with the stream's.
    while (!client.hasEnded(1)) {
      await client.until(() => client.frames.length > seen, 'the list')
      const wider: Buffer[] = []
      for (; seen < client.frames.length; seen++) {
        const one = client.frames[seen]
        if (one?.type !== type.data) continue
        untold += one.payload.length
        if (untold < window / 2) continue
        for (const stream of [0, 1]) wider.push(frame(type.windowUpdate, 0, stream, uint32(untold)))
        untold = 0
      }
      if (wider.length > 0) await client.send(...wider)
    }
    const list = JSON.parse(client.bodyOf(1).toString()) as { readonly items: readonly unknown[] }
    assert.equal(list.items.length, 4)
  })

test('a client that gives up thousands of watches keeps its connection', async () => {
  using client = await RawClient.connect(server, { certificate: admin })
  let stream = 1
  for (let round = 0; round < 12; round++) {
    const watches = Array.from({ length: 200 }, () => (stream += 2))
    await client.send(...watches.map(id => get(id, '/api/v1/secrets?watch=1')))
    const heads = new Set<number>()
    await client.until(() => {
      for (const one of client.frames.splice(0)) if (one.type === type.headers) heads.add(one.stream)
      return heads.size === watches.length
    }, 'all watches had begun')
    // Go pings with each reset until the first ping is back.
    await client.send(...watches.map(id => frame(type.reset, 0, id, uint32(8))), frame(type.ping, 0, 0, Buffer.alloc(8)))
  }
  await client.sync()
  assert.equal(client.goneFor, undefined)
})

test('a connection that reads none of its refusals is closed, and one that reads hundreds is not', async () => {
  const refused = Array.from({ length: 40 }, (_, at) => get(2 * at + 1, maps))
  using shut = await RawClient.connect(server, { settings: settings([4, 0]) })
  await shut.send(...refused)
  const heads = () => shut.frames.filter(one => one.type === type.headers).length
  await assert.rejects(shut.until(() => heads() === refused.length, 'all had heads'))
  assert.equal(shut.goneFor, code.calm)
  const open = session(false)
  for (let i = 0; i < 300; i++) assert.equal((await ask(open, 'GET', maps)).status, 401)
  open.close()
})

test('a large answer waits for its reader, and a reader that gives it up frees it', async () => {
  using client = await RawClient.connect(server, { certificate: admin, settings: settings([4, 0]) })
  await client.send(get(1, '/api/v1/configmaps'), get(3, '/api/v1/configmaps'))
  await client.until(() => client.frames.filter(one => one.type === type.headers).length === 2, 'both heads')
  await client.send(frame(type.reset, 0, 1, uint32(8)))
  await client.sync()
  assert.equal(client.bodyOf(1).length + client.bodyOf(3).length, 0)
  await client.send(frame(type.windowUpdate, 0, 3, uint32(10)), frame(type.windowUpdate, 0, 1, uint32(10)))
  await client.until(() => client.bodyOf(3).length === 10, 'ten bytes')
  await client.sync()
  assert.deepEqual([client.bodyOf(1).length, client.bodyOf(3).length, client.goneFor], [0, 10, undefined])
})

test('a request within a burst is answered behind 250 others, and the one beyond them is refused', async () => {
  using client = await RawClient.connect(server, { certificate: admin })
  const streams = Array.from({ length: 251 }, (_, at) => 2 * at + 1)
  await client.send(...streams.map(id => get(id, '/api/v1/secrets?watch=1')))
  await client.until(() => client.resetOf(501) !== undefined, 'the refusal')
  assert.equal(client.resetOf(501), code.refused)
  await client.send(frame(type.reset, 0, 1, uint32(8)), get(503))
  await client.until(() => client.hasEnded(503), 'the answer')
})

test('clients with tables of every size understand many answers', async () => {
  for (const headerTableSize of [0, 100, 4096, 65_536]) {
    const client = session(true, { settings: { headerTableSize } })
    const answers = await Promise.all(Array.from({ length: 250 }, (_, at) => ask(client, 'GET', at % 2 === 0 ? '/livez' : '/api/v1/nodes')))
    for (const { status, headers } of answers) assert.deepEqual([status, headers['cache-control']], [200, 'no-cache, private'])
    client.settings({ headerTableSize: 200 })
    client.settings({ headerTableSize: 4096 })
    assert.equal((await ask(client, 'GET', '/livez')).status, 200)
    client.close()
  }
})

const faults: readonly (readonly [name: string, frames: readonly Buffer[], reason: number])[] = [
  ['data on no stream', [frame(type.data, 0, 0, Buffer.alloc(1))], code.protocol],
  ['data on a stream that nobody opened', [frame(type.data, 0, 1, Buffer.alloc(1))], code.protocol],
  ['a reset of a stream that nobody opened', [frame(type.reset, 0, 1, uint32(8))], code.protocol],
  ['a window update on a stream that nobody opened', [frame(type.windowUpdate, 0, 1, uint32(1))], code.protocol],
  ['a request on an even stream', [get(2)], code.protocol],
  ['a window of the connection that is widened by nothing', [frame(type.windowUpdate, 0, 0, uint32(0))], code.protocol],
  ['a window of the connection that is too wide (CVE-2026-21714)', [frame(type.windowUpdate, 0, 0, uint32(2 ** 31 - 1))], code.flowControl],
  ['a window of streams that is too wide', [settings([4, 2 ** 31])], code.flowControl],
  ['a frame size that is too small', [settings([5, 100])], code.protocol],
  ['a push that is neither on nor off', [settings([2, 2])], code.protocol],
  ['settings on a stream', [frame(type.settings, 0, 1)], code.protocol],
  ['settings of a wrong length', [frame(type.settings, 0, 0, Buffer.alloc(5))], code.frameSize],
  ['thousands of settings in one frame', [settings(...Array.from({ length: 2700 }, (_, at) => [4, at] as const))], code.calm],
  ['a ping on a stream', [frame(type.ping, 0, 1, Buffer.alloc(8))], code.protocol],
  ['a ping of a wrong length', [frame(type.ping, 0, 0, Buffer.alloc(7))], code.frameSize],
  ['a farewell on a stream', [frame(type.goAway, 0, 1, Buffer.alloc(8))], code.protocol],
  ['a header block that goes on without a begin', [frame(type.continuation, endHeaders, 1)], code.protocol],
  [
    'another frame within a header block',
    [frame(type.headers, 0, 1, fields({ ':method': 'GET' })), frame(type.ping, 0, 0, Buffer.alloc(8))],
    code.protocol,
  ],
  ['a header block that cannot be read (CVE-2025-59465)', [frame(type.headers, endStream | endHeaders, 1, Buffer.alloc(64, 0xff))], 9],
  ['a frame that is too large', [frame(type.data, 0, 1, Buffer.alloc(16_385))], code.frameSize],
  ['more padding than there are bytes', [post(1), frame(type.data, flag.padded, 1, Buffer.from([200, 0]))], code.protocol],
]
for (const [name, frames, reason] of faults)
  test(`${name}: the connection ends with a reason`, async () => {
    using client = await RawClient.connect(server, { certificate: admin })
    await client.sync()
    assert.ok(await client.endsBehind(...frames))
    assert.equal(client.goneFor, reason)
  })

const begun: readonly (readonly [name: string, bytes: readonly Buffer[]])[] = [
  ['its greeting', [Buffer.from('PRI * HT')]],
  ['the head of a frame', [settings(), Buffer.from([0, 0])]],
  ['a header block', [frame(type.headers, 0, 1, fields({ ':method': 'GET' }))]],
  ['a body', [post(1, maps), frame(type.data, 0, 1, Buffer.from('{'))]],
  ['a frame of a body', [post(1, maps), frame(type.data, 0, 1, Buffer.alloc(1000)).subarray(0, 500)]],
  ['a watch', [get(1, '/api/v1/configmaps?watch=1')]],
  ['a list that nobody reads', [settings([4, 0]), get(1, '/api/v1/configmaps')]],
]
for (const how of ['reset', 'end'] as const)
  test(`CVE-2024-27983: the server outlives connections that ${how} in the middle of anything`, async () => {
    for (const [name, bytes] of begun) {
      using client = await RawClient.connect(server, { certificate: admin, silent: name === 'its greeting' })
      await client.send(...bytes)
      if (how === 'reset') client.socket.destroy()
      else client.socket.end()
      await client.untilClosed()
    }
    const client = session(true)
    assert.equal((await ask(client, 'GET', '/livez')).status, 200)
    client.close()
  })
