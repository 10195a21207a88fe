// What a backend can do to the server and to its client, on real connections.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { isReason } from '../../api/status.ts'
import { systemClock } from '../../base/clock.ts'
import type { ServerRequest } from '../http/exchange.ts'
import { forward } from './forward.ts'

const limit = { timeout: 60_000 }

interface Asked {
  readonly upgrade?: string
  readonly method?: string
  readonly stream?: () => Readable
}

/** A backend that answers each connection as a test says once a head has arrived, and `ask`, which sends one request to it. */
async function backend(t: TestContext, answer: (socket: Socket) => void) {
  const closed = Promise.withResolvers<void>()
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    socket.once('close', closed.resolve)
    socket.once('data', () => answer(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const ended = new AbortController()
  const ask = ({ upgrade, method = 'GET', stream }: Asked = {}) => {
    const request: ServerRequest = {
      ...{ method, url: '/', headers: {}, credentials: { remoteAddress: '127.0.0.1' }, signal: ended.signal },
      ...(upgrade === undefined ? {} : { upgrade }),
      ...(stream === undefined ? {} : { stream }),
      end: reason => ended.abort(reason),
      body: () => Promise.resolve(Buffer.alloc(0)),
    }
    const headers = upgrade === undefined ? { connection: 'close' } : { connection: 'Upgrade', upgrade }
    return forward({ request, backend: connect({ port, host: '127.0.0.1' }), target: '/', headers, clock: systemClock })
  }
  return { ask, ended, closed: closed.promise }
}

const switching = (protocol: string) => `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`

for (const [title, asked, chosen] of [
  ['a plain request', {}, 'websocket'],
  ['a request for another protocol', { upgrade: 'websocket' }, 'h2c'],
  ['a request for one of two', { upgrade: 'websocket' }, 'websocket, h2c'],
] as const)
  test(`forward() answers 502 and closes the backend's connection if ${title} is answered with a protocol switch`, limit, async t => {
    const { ask, closed } = await backend(t, socket => socket.write(switching(chosen)))
    const reply = await ask(asked)
    assert.deepEqual([reply.status, reply.upgrade], [502, undefined])
    await closed
  })

test('forward() forwards a requested upgrade, and closes it if the reply is dropped', limit, async t => {
  const { ask, closed } = await backend(t, socket => socket.write(switching('WebSocket')))
  const reply = await ask({ upgrade: 'websocket' })
  assert.equal(reply.status, 101)
  assert.notEqual(reply.upgrade, undefined)
  reply.free?.()
  await closed
})

test('forward() closes the connection of a reply whose body is not read', limit, async t => {
  const { ask, closed } = await backend(t, socket => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx'))
  const reply = await ask()
  assert.equal(reply.status, 200)
  reply.free?.()
  await closed
})

for (const interim of [
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
  'HTTP/1.1 101 Switching Protocols\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
])
  test(`forward() refuses endless interim responses: ${interim.slice(9, 12)}`, limit, async t => {
    const { ask, closed } = await backend(t, socket => {
      const flood = Readable.from(
        (function* () {
          for (;;) yield interim.repeat(100)
        })(),
      )
      flood.on('error', () => undefined)
      socket.once('close', () => flood.destroy())
      flood.pipe(socket)
    })
    await assert.rejects(
      ask(),
      (err: unknown) =>
        isReason(err, 'ServiceUnavailable') && /262144 bytes came before the head|malformed HTTP status code 101/.test(err.message),
    )
    await closed
  })

test('forward() accepts a few interim responses', limit, async t => {
  const { ask } = await backend(t, socket => socket.end('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'))
  assert.equal((await ask()).status, 204)
})

test('forward() ends an upload with its request, before the backend has responded', limit, async t => {
  const { ask, ended, closed } = await backend(t, () => ended.abort(new Error('the user is denied')))
  const body = new PassThrough()
  body.write('x')
  await assert.rejects(ask({ method: 'POST', stream: () => body }), { message: 'the user is denied' })
  await closed
})

test('forward() ends with its request while a backend sends the reason for refusing the upgrade', limit, async t => {
  const { ask, ended, closed } = await backend(t, socket =>
    socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nx', () => ended.abort(new Error('gone'))),
  )
  await assert.rejects(ask({ upgrade: 'websocket' }))
  await closed
})
