// Invalid or misplaced HTTP/1.1: rejected in plain text, in order, and so that a client which is still sending reads it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { test } from 'node:test'
import { silentLogger } from '../../base/log.ts'
import type { FinalReply, ServerRequest } from './exchange.ts'
import { Http1Server } from './http1-server.ts'
import { RequestRounds } from './request-rounds.ts'
import { maxUnreadMs } from './unread-body.ts'

const final = { auditId: 'a', warnings: [], done: () => undefined }
const ok = async (): Promise<FinalReply> => ({ ...final, status: 200, contentType: '', body: Buffer.from('ok') })
const refusal = (text: string) => `HTTP/1.1 ${text}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${text}`
const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)

class Wire implements AsyncDisposable {
  readonly http1: Http1Server
  readonly #tcp: Server
  readonly #sockets = new Set<Socket>()

  private constructor(http1: Http1Server, tcp: Server) {
    this.http1 = http1
    this.#tcp = tcp
  }

  static async start(handle: (request: ServerRequest) => Promise<FinalReply> = ok, headersMs = 60_000): Promise<Wire> {
    const rounds = new RequestRounds()
    const http1 = new Http1Server({ handle, rounds, headerBytes: 16 * 1024, headersMs, log: silentLogger })
    const tcp = createServer({ allowHalfOpen: true }, socket => {
      socket.on('error', () => undefined)
      http1.accept(socket)
    })
    await once(tcp.listen(0, '127.0.0.1'), 'listening')
    return new Wire(http1, tcp)
  }

  /** Half open, so that it is the test that decides when the client is done. */
  async open(): Promise<Socket> {
    const address = this.#tcp.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    this.#sockets.add(socket)
    await once(socket, 'connect')
    return socket
  }

  /** What arrives until the server ends its side; rejects if the connection is reset. */
  async send(...pieces: readonly string[]): Promise<string> {
    const socket = await this.open()
    for (const piece of pieces) socket.write(piece)
    return await answerOf(socket)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.http1.stop()
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#tcp.close(resolve))
  }
}

async function answerOf(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('latin1').on('data', chunk => {
    text += chunk
  })
  await once(socket.resume(), 'end')
  socket.end()
  return text
}

/** Until the connection fails. */
function writeOn(socket: Socket, piece: string): void {
  socket.write(piece, err => {
    if (!err) writeOn(socket, piece)
  })
}

const get = 'GET /a HTTP/1.1\r\nhost: a\r\n\r\n'
const chunked = 'POST /a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n'

const refusals: readonly [name: string, bytes: string, answer: string][] = [
  ['no HTTP', 'hello\r\n\r\n', '400 Bad Request'],
  ['a head that is too long', `GET /a HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(32 * 1024)}\r\n\r\n`, '431 Request Header Fields Too Large'],
  ['a path that is too long', `GET /${'x'.repeat(32 * 1024)} HTTP/1.1\r\nhost: a\r\n\r\n`, '431 Request Header Fields Too Large'],
  ['no host', 'GET /a HTTP/1.1\r\n\r\n', '400 Bad Request: missing required Host header'],
  ['two hosts', 'GET /a HTTP/1.1\r\nhost: a\r\nHost: b\r\n\r\n', '400 Bad Request: too many Host headers'],
  ['an invalid host', 'GET /a HTTP/1.1\r\nhost: a b\r\n\r\n', '400 Bad Request: malformed Host header'],
  ['HTTP/2.0 in the form of 1.1', 'GET /a HTTP/2.0\r\nhost: a\r\n\r\n', '505 HTTP Version Not Supported: unsupported protocol version'],
  ['HTTP/0.9', 'GET /a\r\n\r\n', '505 HTTP Version Not Supported: unsupported protocol version'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '400 Bad Request'],
  [
    'a coding beside chunked',
    'POST /a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    '501 Not Implemented: unsupported transfer encoding',
  ],
  [
    'chunks of HTTP/1.0',
    'POST /a HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    '400 Bad Request: HTTP/1.0 has no Transfer-Encoding',
  ],
  ['two lengths', 'POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', '400 Bad Request'],
  ['an expectation that nobody meets', 'POST /a HTTP/1.1\r\nhost: a\r\nexpect: tea\r\n\r\n', '417 Expectation Failed'],
  ['a tunnel', 'CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n', '405 Method Not Allowed'],
]
for (const [name, bytes, answer] of refusals)
  test(`Http1Server refuses ${name}, and ignores everything after it`, async () => {
    const seen: string[] = []
    await using wire = await Wire.start(request => {
      seen.push(request.url)
      return ok()
    })
    assert.equal(await wire.send(bytes + get), refusal(answer))
    assert.deepEqual(seen, [])
  })

test('Http1Server accepts HTTP/1.0 without a host, and every valid host', async () => {
  await using wire = await Wire.start()
  assert.match(await wire.send('GET /a HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /)
  for (const host of ['', 'a.b-c_d:6443', '[::1]:6443', '10.0.0.1'])
    assert.match(await wire.send(`GET /a HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`), /^HTTP\/1\.1 200 /, host)
})

test('a client that reads only after it has sent everything gets the refusal', async () => {
  await using wire = await Wire.start()
  const socket = await wire.open()
  socket.pause()
  // More than the buffers of both sides hold: it is out when the server has taken most of it.
  await new Promise<void>((resolve, reject) => socket.write(`GET /${'x'.repeat(4_000_000)}`, err => (err ? reject(err) : resolve())))
  assert.equal(await answerOf(socket), refusal('431 Request Header Fields Too Large'))
})

test('a client that keeps sending after a refusal is cut', async () => {
  await using wire = await Wire.start()
  const socket = await wire.open()
  socket.on('error', () => undefined)
  const closed = new Promise(resolve => socket.once('close', resolve))
  writeOn(socket, 'x'.repeat(0x10000))
  await closed
})

test('a response that closes the connection reaches a client that is still sending its body', async () => {
  await using wire = await Wire.start(async () => ({ ...(await ok()), status: 413 }))
  const socket = await wire.open()
  socket.pause()
  const head = 'POST /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 4000000\r\n\r\n'
  await new Promise<void>((resolve, reject) => socket.write(head + 'x'.repeat(4_000_000), err => (err ? reject(err) : resolve())))
  assert.match(await answerOf(socket), /^HTTP\/1\.1 413 [\s\S]*\r\n\r\nok$/)
})

test('an endless unread body ends the connection', async () => {
  await using wire = await Wire.start()
  const socket = await wire.open()
  socket.on('error', () => undefined)
  const closed = new Promise(resolve => socket.once('close', resolve))
  socket.resume()
  socket.write(chunked)
  writeOn(socket, `10000\r\n${'x'.repeat(0x10000)}\r\n`)
  await closed
})

test('a body that arrives after its response does not end the connection, but one that stops in the middle does', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  await using wire = await Wire.start()
  const socket = await wire.open()
  const answer = async () => statuses(String((await once(socket, 'data'))[0]))
  const head = 'POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n'
  socket.write(`${head}bo`)
  assert.deepEqual(await answer(), ['200'])
  socket.write(`dy${get}`)
  assert.deepEqual(await answer(), ['200'])
  t.mock.timers.tick(maxUnreadMs)
  socket.write(`${head}bo`)
  assert.deepEqual(await answer(), ['200'])
  t.mock.timers.tick(maxUnreadMs)
  assert.equal(await answerOf(socket), '')
})

test('bytes that are not HTTP after a request are refused after its response', async () => {
  const answer = Promise.withResolvers<FinalReply>()
  const begun = Promise.withResolvers<void>()
  await using wire = await Wire.start(() => {
    begun.resolve()
    return answer.promise
  })
  const text = wire.send(`${get}hello\r\n\r\n`)
  await begun.promise
  answer.resolve(await ok())
  const [first, second] = (await text).split(/(?<=ok)/)
  assert.match(first ?? '', /^HTTP\/1\.1 200 /)
  assert.equal(second, refusal('400 Bad Request'))
})

test('a stream continues to its end if the client sends bytes that are not HTTP after its request', async () => {
  const end = Promise.withResolvers<void>()
  await using wire = await Wire.start(async () => ({
    ...(await ok()),
    async body(sink) {
      sink.write(Buffer.from('first'))
      await end.promise
      sink.write(Buffer.from('last'))
    },
  }))
  const socket = await wire.open()
  socket.write(get)
  await once(socket, 'data')
  socket.write('hello\r\n\r\n')
  const text = answerOf(socket)
  end.resolve()
  assert.equal(await text, `4\r\nlast\r\n0\r\n\r\n${refusal('400 Bad Request')}`)
})

const brokenBodies: readonly [name: string, read: (request: ServerRequest, broken: Promise<void>) => Promise<unknown>][] = [
  ['is read when it breaks', request => request.body(1000)],
  ['broke before it is read', (request, broken) => broken.then(() => request.body(1000))],
]
for (const [name, read] of brokenBodies)
  test(`a body that ${name} gets one response, that of its request`, async () => {
    const broken = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    await using wire = await Wire.start(async request => {
      if (request.method === 'GET') return await ok()
      begun.resolve()
      const err: unknown = await read(request, broken.promise).catch((reason: unknown) => reason)
      assert.ok(err instanceof Error)
      return { ...final, status: 400, contentType: '', body: Buffer.from(err.message) }
    })
    const socket = await wire.open()
    const text = answerOf(socket)
    socket.write(`${chunked}3\r\nabc\r\n`)
    await begun.promise
    socket.write('zz\r\n')
    // A later request on another connection is answered after those bytes were read.
    await wire.send(get.replace('\r\n', '\r\nconnection: close\r\n'))
    broken.resolve()
    assert.match(await text, /^HTTP\/1\.1 400 [\s\S]*\r\n\r\nthe request body ended early$/)
    assert.deepEqual(statuses(await text), ['400'])
  })

const noChunks: readonly [name: string, chunks: string][] = [
  ['of a negative size', '-1\r\nx\r\n0\r\n\r\n'],
  ['of a size with a sign', '+1\r\nx\r\n0\r\n\r\n'],
  ['of a size with a prefix', '0x1\r\nx\r\n0\r\n\r\n'],
  ['that end with a prefix', '0x0\r\n\r\n'],
  ['of a size behind a space', ' 1\r\nx\r\n0\r\n\r\n'],
  ['of a size before a space', '1 \r\nx\r\n0\r\n\r\n'],
  ['of a size behind a tab', '\t1\r\nx\r\n0\r\n\r\n'],
  ['of a size with an underscore', '1_0\r\nx\r\n0\r\n\r\n'],
  ['of no size', '\r\nx\r\n0\r\n\r\n'],
  ['of a size that is not a number', 'g\r\nx\r\n0\r\n\r\n'],
  ['of a size beyond every number', `${'f'.repeat(17)}\r\nx`],
  ['of a size that ends in a bare line feed', '1\nx\r\n0\r\n\r\n'],
  ['of a size that ends in a bare carriage return', '1\rx\r\n0\r\n\r\n'],
  ['longer than they say', '1\r\nxy\r\n0\r\n\r\n'],
  ['with extensions that hold a line feed', '1;a=\n\r\nx\r\n0\r\n\r\n'],
]
for (const [name, chunks] of noChunks)
  for (const [how, pieces] of [
    ['with its head', [chunked + chunks + get]],
    ['behind its head', [chunked, chunks + get]],
  ] as const)
    test(`chunks ${name} are refused even if nothing reads them, sent ${how}, and everything after them is ignored`, async () => {
      const seen: string[] = []
      const outcomes: boolean[] = []
      const answer = Promise.withResolvers<void>()
      await using wire = await Wire.start(async request => {
        seen.push(request.method)
        await answer.promise
        return { ...(await ok()), status: 403, done: ({ cut }) => outcomes.push(cut) }
      })
      const socket = await wire.open()
      const text = answerOf(socket)
      for (const piece of pieces) await new Promise<void>(resolve => socket.write(piece, () => resolve()))
      // A later request on another connection starts after those bytes were read.
      const later = wire.send('GET /later HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
      while (!seen.includes('GET')) await new Promise(resolve => setImmediate(resolve))
      answer.resolve()
      await later
      assert.match(await text, /^HTTP\/1\.1 400 Bad Request\r\n/)
      assert.match(await text, /400 Bad Request\r?\n?(?:0\r\n\r\n)?$/)
      assert.deepEqual([statuses(await text), seen, outcomes[0]], [['400'], ['POST', 'GET'], true])
    })

test('a body that becomes malformed after its response gets no second response', async () => {
  await using wire = await Wire.start()
  const socket = await wire.open()
  socket.write(`${chunked}3\r\nabc\r\n`)
  const [answer] = await once(socket, 'data')
  assert.deepEqual(statuses(String(answer)), ['200'])
  socket.write('zz\r\n')
  assert.equal(await answerOf(socket), '')
})

test('a response with an invalid head ends the connection and is done', async () => {
  const outcomes: boolean[] = []
  await using wire = await Wire.start(async () => ({
    ...(await ok()),
    headers: { 'x-odd': 'a\nb' },
    done: ({ cut }) => outcomes.push(cut),
  }))
  const socket = await wire.open()
  socket.on('error', () => undefined)
  const closed = new Promise(resolve => socket.once('close', resolve))
  socket.resume().write(get)
  socket.once('end', () => socket.end())
  await closed
  assert.deepEqual(outcomes, [true])
})

const upgrade = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: nothing\r\n\r\n`

test('a request with an upgrade that is not performed gets an ordinary response, with bodies and streams', async () => {
  await using wire = await Wire.start(async request => {
    const sent = await request.body(1000)
    return { ...(await ok()), body: request.url === '/stream' ? async sink => void sink.write(Buffer.from('streamed')) : sent }
  })
  const posted = upgrade('/').replace('GET', 'POST').replace('\r\n', '\r\ncontent-length: 4\r\n')
  assert.match(await wire.send(`${posted}body${get}`), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\ncontent-length: 4\r\n[\s\S]*\r\n\r\nbody$/)
  assert.match(await wire.send(posted, 'bo', 'dy'), /\r\n\r\nbody$/)
  assert.match(await wire.send(posted.replace('POST', 'HEAD'), 'body'), /\r\ncontent-length: 4\r\n[\s\S]*\r\n\r\n$/)
  assert.match(await wire.send(upgrade('/stream') + get), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\nconnection: close\r\n\r\nstreamed$/)
})

test('an upgrade after an unanswered request is refused in its turn', async () => {
  const answer = Promise.withResolvers<FinalReply>()
  const seen: string[] = []
  await using wire = await Wire.start(request => {
    seen.push(request.url)
    return answer.promise
  })
  const socket = await wire.open()
  const text = answerOf(socket)
  socket.write(get + upgrade('/b'))
  while (seen.length === 0) await new Promise(resolve => setImmediate(resolve))
  answer.resolve(await ok())
  assert.deepEqual(statuses(await text), ['200', '400'])
  assert.deepEqual(seen, ['/a'])
})

test('a head that does not arrive in time gets a 408, and a silent client is disconnected', async () => {
  await using wire = await Wire.start(ok, 20)
  assert.equal(await wire.send(), '')
  let text = ''
  // On a busy machine the time may be over before anything of the head has come.
  while (text === '') text = await wire.send('GET /a HTTP/1.1\r\nhos')
  assert.equal(text, refusal('408 Request Timeout'))
})

test('Http1Server.stop() closes idle connections at once, and busy ones after their response', async () => {
  const answer = Promise.withResolvers<FinalReply>()
  const seen: string[] = []
  await using wire = await Wire.start(request => {
    seen.push(request.url)
    return request.url === '/busy' ? answer.promise : ok()
  })
  const idle = await wire.open()
  idle.write(get)
  assert.deepEqual(statuses(String((await once(idle, 'data'))[0])), ['200'])
  const busy = await wire.open()
  busy.write(get.replace('/a', '/busy'))
  while (!seen.includes('/busy')) await new Promise(resolve => setImmediate(resolve))
  wire.http1.stop()
  assert.equal(await answerOf(idle), '')
  answer.resolve(await ok())
  assert.deepEqual(statuses(await answerOf(busy)), ['200'])
})

test('mostBodyBytes is the announced length, and has no limit for chunks', async () => {
  const found: (number | undefined)[] = []
  await using wire = await Wire.start(request => {
    found.push(request.mostBodyBytes)
    return ok()
  })
  await wire.send('GET /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  await wire.send('POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nconnection: close\r\n\r\nab')
  await wire.send('POST /a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n0\r\n\r\n')
  assert.deepEqual(found, [0, 2, Number.POSITIVE_INFINITY])
})
