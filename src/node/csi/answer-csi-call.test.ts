import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect, createServer } from 'node:http2'
import { test } from 'node:test'
import { csiTunnelPath, maxCsiRequestBytes, readCsiTunnelPath } from '../../api/nodes/csi-call-path.ts'
import { ApiError } from '../../api/status.ts'
import type { CsiCalls } from '../../base/csi/csi-client.ts'
import { CsiError } from '../../base/csi/csi-error.ts'
import { ForwardedCsiCalls, maxForwardedCalls, readRequest } from './answer-csi-call.ts'
import { CsiDrivers } from './csi-drivers.ts'

const driver = 'disk.example.com'

/** The node's side of the tunnel, with one driver. */
async function node(call: (method: string, request: object) => Promise<object>) {
  const drivers = new CsiDrivers()
  const calls: CsiCalls = {
    call: async (method, request) => (await call(method, request)) as Awaited<ReturnType<CsiCalls['call']>> as never,
  }
  drivers.add({
    name: driver,
    calls,
    nodeId: 'n1',
    maxVolumes: 0,
    topology: {},
    can: new Set(),
    client: { [Symbol.dispose]: () => undefined },
  })
  const forwarded = new ForwardedCsiCalls(drivers)
  const server = createServer()
  const { signal } = new AbortController()
  server.on('stream', (stream, headers) => {
    forwarded.answer(stream, headers[':method'], headers[':path'] ?? '', signal).catch((err: unknown) => {
      const status = err instanceof ApiError ? err.status : { code: 500, message: String(err) }
      stream.respond({ ':status': status.code })
      stream.end(status.message)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const session = connect(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`)
  return {
    ask: (path: string, body: string, method = 'POST') => ask(session, path, body, method),
    [Symbol.dispose]() {
      session.destroy()
      server.close()
    },
  }
}

async function ask(session: ClientHttp2Session, path: string, body: string, method: string): Promise<{ status: number; text: string }> {
  const stream = session.request({ ':method': method, ':path': path })
  stream.end(body)
  const [headers] = await once(stream, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return { status: Number(headers[':status']), text: Buffer.concat(chunks).toString() }
}

const path = (method: 'CreateVolume' | 'DeleteVolume') => csiTunnelPath({ driver, method })

test('ForwardedCsiCalls forwards a call and its answer', async () => {
  using there = await node(async (method, request) => ({ method, request }))
  const { status, text } = await there.ask(path('DeleteVolume'), '{"volumeId":"v"}')
  assert.equal(status, 200)
  assert.deepEqual(JSON.parse(text), { answer: { method: 'DeleteVolume', request: { volumeId: 'v', secrets: {} } } })
})

test('ForwardedCsiCalls answers with how the driver failed', async () => {
  using there = await node(async () => Promise.reject(new CsiError(driver, 'CreateVolume', 'RESOURCE_EXHAUSTED', 'full')))
  const { status, text } = await there.ask(path('CreateVolume'), '{"name":"a"}')
  assert.deepEqual([status, JSON.parse(text)], [200, { failed: { code: 'RESOURCE_EXHAUSTED', details: 'full' } }])
})

const refused: readonly {
  readonly name: string
  readonly path: string
  readonly body?: string
  readonly method?: string
  readonly status: number
  readonly text: RegExp
}[] = [
  { name: 'a call of the Node service', path: `/csi/${driver}/NodePublishVolume`, status: 400, text: /names no call of a CSI driver/ },
  { name: 'a call that is none', path: `/csi/${driver}/constructor`, status: 400, text: /names no call of a CSI driver/ },
  { name: 'a path with more', path: `/csi/${driver}/DeleteVolume/x`, status: 400, text: /names no call of a CSI driver/ },
  { name: 'another spelling', path: '/csi/disk%2eexample.com/DeleteVolume', status: 400, text: /names no call of a CSI driver/ },
  { name: 'a driver that is not here', path: '/csi/other/DeleteVolume', status: 404, text: /"other" not found/ },
  { name: 'another method', path: path('DeleteVolume'), method: 'PUT', status: 405, text: /method PUT is not allowed/ },
  { name: 'no JSON', path: path('DeleteVolume'), body: '{', status: 400, text: /is no DeleteVolumeRequest: it is not JSON/ },
  { name: 'another message', path: path('DeleteVolume'), body: '{"volumeId":1}', status: 400, text: /volumeId must be a text, got number/ },
  {
    name: 'a deep message',
    path: path('CreateVolume'),
    body: `{"name":${'['.repeat(99)}${']'.repeat(99)}}`,
    status: 400,
    text: /nests deeper than 16 levels/,
  },
  {
    name: 'a large message',
    path: path('DeleteVolume'),
    body: ' '.repeat(maxCsiRequestBytes + 1),
    status: 400,
    text: /more than 1048576 bytes/,
  },
]
for (const { name, path, body = '{}', method = 'POST', status, text } of refused)
  test(`ForwardedCsiCalls refuses ${name}`, async () => {
    let called = false
    using there = await node(async () => {
      called = true
      return {}
    })
    const answer = await there.ask(path, body, method)
    assert.equal(answer.status, status)
    assert.match(answer.text, text)
    assert.equal(called, false)
  })

test('ForwardedCsiCalls runs a bounded number of calls of one driver at a time', async () => {
  const open = Promise.withResolvers<object>()
  let running = 0
  const full = Promise.withResolvers<void>()
  using there = await node(async () => {
    if (++running === maxForwardedCalls) full.resolve()
    return await open.promise
  })
  const calls = Array.from({ length: maxForwardedCalls }, () => there.ask(path('DeleteVolume'), '{}'))
  await full.promise
  assert.equal((await there.ask(path('DeleteVolume'), '{}')).status, 429)
  open.resolve({})
  for (const call of calls) assert.equal((await call).status, 200)
  assert.equal((await there.ask(path('DeleteVolume'), '{}')).status, 200)
})

test('readRequest() counts no brackets within texts', () => {
  assert.equal(readRequest('DeleteVolume', JSON.stringify({ volumeId: `"${'['.repeat(99)}\\` })).volumeId, `"${'['.repeat(99)}\\`)
})

test('readCsiTunnelPath() reads what csiTunnelPath() writes', () => {
  const call = { driver: 'a.b', method: 'CreateVolume' } as const
  assert.deepEqual(readCsiTunnelPath(csiTunnelPath(call)), { node: 'node', ...call })
  assert.equal(readCsiTunnelPath('/logs/a/b'), undefined)
})
