import assert from 'node:assert/strict'
import { constants, type ServerHttp2Stream } from 'node:http2'
import { buffer } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { testAuthority } from '../../../src/access/pki/certificate.fixture.ts'
import { Connections } from '../connections.ts'
import { TestServer } from './server.testing.ts'

const megabyte = 1024 * 1024
const letters = Array.from({ length: 26 }, (_, i) => String.fromCharCode(97 + ((i * 7) % 26))).join('')
const pattern = (bytes: number, first = 0) => letters.repeat(Math.ceil((first + bytes) / letters.length)).slice(first, first + bytes)

/** Echoes the request: method, type and length at the beginning of the body. */
async function echo(stream: ServerHttp2Stream, path: string, headers: NodeJS.Dict<string | string[]>): Promise<void> {
  const body = await buffer(stream)
  assert.equal(body.length, Number(headers['content-length'] ?? 0))
  stream.respond({ ':status': 200 })
  stream.end(Buffer.concat([Buffer.from(`${headers[':method']} ${path} ${headers['content-type']}\n`), body]))
}

const unexpected = () => assert.fail('nothing of this is to be heard')
const failed = (promise: Promise<unknown>, message: RegExp) => assert.rejects(promise, message)

describe('Http2Connection', () => {
  test('request() sends method, path, type and body, and gives status and body', async () => {
    await using server = await TestServer.http2(echo)
    const connection = await server.connect()
    const answer = async (...request: Parameters<typeof connection.request>) => (await connection.request(...request)).body.toString()
    assert.equal(await answer('GET', '/a?b=c'), 'GET /a?b=c undefined\n')
    assert.equal(await answer('POST', '/a', '{"a":1}'), 'POST /a application/json\n{"a":1}')
    assert.equal(await answer('PATCH', '/a', 'é € 😀', 'text/plain'), 'PATCH /a text/plain\né € 😀')
    assert.equal(await answer('PUT', '/a', ''), 'PUT /a application/json\n')
    assert.equal(await answer('DELETE', '/a'), 'DELETE /a undefined\n')
  })

  test('request() gives any status, with and without a body', async () => {
    await using server = await TestServer.http2((stream, path) => {
      stream.respond({ ':status': Number(path.slice(1)) }, { endStream: path === '/204' })
      if (path !== '/204') stream.end(`status ${path}`)
    })
    const connection = await server.connect()
    for (const status of [200, 201, 204, 299, 304, 404, 418, 429, 500, 503]) {
      const answer = await connection.request('GET', `/${status}`)
      assert.equal(answer.status, status)
      // A 304 has none by HTTP's rules.
      assert.equal(answer.body.toString(), status === 204 || status === 304 ? '' : `status /${status}`)
    }
  })

  test('request() keeps many in flight apart', async () => {
    await using server = await TestServer.http2(echo)
    const connection = await server.connect()
    const bodies = Array.from({ length: 1000 }, (_, i) => pattern(i * 3, i))
    const answers = await Promise.all(bodies.map((body, i) => connection.request('POST', `/${i}`, body)))
    answers.forEach(({ status, body }, i) => {
      assert.equal(status, 200)
      assert.equal(body.toString(), `POST /${i} application/json\n${bodies[i]}`)
    })
  })

  test('request() fails if the server accepts fewer at a time', async () => {
    await using server = await TestServer.http2(() => undefined, { maxConcurrentStreams: 7 })
    const connection = await server.connect()
    const requests = Array.from({ length: 8 }, () => connection.request('GET', '/'))
    await Promise.all(requests.map(request => failed(request, /failed: the server takes 7 requests at a time$/)))
  })

  // Of the default stream window, and of the connection's, which is 65,535 bytes.
  for (const initialWindowSize of [1000, 65_535, 10 * megabyte])
    test(`request() sends bodies of any size through a window of ${initialWindowSize}`, async () => {
      await using server = await TestServer.http2(echo, { initialWindowSize })
      const connection = await server.connect()
      const small = Array.from({ length: 90 }, (_, i) => pattern(1000, i))
      const bodies = [
        pattern(1001),
        pattern(16_385),
        ...small,
        pattern(3 * megabyte),
        pattern(2 * megabyte, 5),
        pattern(10),
        pattern(65_536),
      ]
      const answers = await Promise.all(bodies.map(body => connection.request('POST', '/', body)))
      for (const [i, { body }] of answers.entries()) assert.ok(body.toString() === `POST / application/json\n${bodies[i]}`, `body ${i}`)
    })

  test('request() continues when a setting widens or narrows the windows of open streams', async () => {
    const started = Promise.withResolvers<ServerHttp2Stream>()
    await using server = await TestServer.http2(
      (stream, path, headers) => {
        if (path === '/held') stream.once('readable', () => started.resolve(stream))
        else void echo(stream, path, headers)
      },
      { initialWindowSize: 20_000 },
    )
    const connection = await server.connect()
    const body = pattern(50_000)
    const held = connection.request('POST', '/held', body)
    const stream = await started.promise
    const [session] = server.sessions
    for (const initialWindowSize of [10, 60_000]) {
      await new Promise<void>(resolve => session?.settings({ initialWindowSize }, () => resolve()))
    }
    void echo(stream, '/held', { ':method': 'POST', 'content-length': '50000' })
    assert.equal((await held).body.toString().length, 'POST /held undefined\n'.length + body.length)
  })

  test('request() reads more than every window of its own together', async () => {
    const total = 40 * megabyte
    const part = Buffer.from(pattern(megabyte))
    await using server = await TestServer.http2(stream => {
      stream.respond({ ':status': 200 })
      for (let sent = 0; sent < total; sent += part.length) stream.write(part)
      stream.end()
    })
    const connection = await server.connect()
    const { body } = await connection.request('GET', '/')
    assert.equal(body.length, total)
    for (let at = 0; at < total; at += part.length) assert.ok(body.subarray(at, at + part.length).equals(part), `at ${at}`)
  })

  test('request() takes the answer of a server that does not want the whole body', async () => {
    await using server = await TestServer.http2((stream, path, headers) => {
      if (path === '/ok') void echo(stream, path, headers)
      else stream.respond({ ':status': 413 }, { endStream: true })
    })
    const connection = await server.connect()
    assert.equal((await connection.request('POST', '/', pattern(5 * megabyte))).status, 413)
    assert.equal((await connection.request('POST', '/ok', 'a')).status, 200)
  })

  test('request() rejects with the reason if the server resets the stream; others continue', async () => {
    await using server = await TestServer.http2((stream, path, headers) => {
      if (path === '/reset') stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM)
      else void echo(stream, path, headers)
    })
    const connection = await server.connect()
    const other = connection.request('GET', '/other')
    await failed(connection.request('GET', '/reset'), /reset stream \d+: ENHANCE_YOUR_CALM$/)
    assert.equal((await other).status, 200)
    assert.equal((await connection.request('GET', '/after')).status, 200)
  })

  test('stream() passes data on as it arrives, and the end', async () => {
    const streams: ServerHttp2Stream[] = []
    await using server = await TestServer.http2(stream => {
      stream.respond({ ':status': 200 })
      streams.push(stream)
    })
    const connection = await server.connect()
    const heard: string[] = []
    let next = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<Error | undefined>()
    await connection.stream(
      '/watch',
      (bytes, start, end) => {
        heard.push(bytes.toString('utf8', start, end))
        next.resolve()
      },
      err => ended.resolve(err),
    )
    for (const event of ['first', 'second']) {
      next = Promise.withResolvers()
      streams[0]?.write(event)
      await next.promise
    }
    assert.deepEqual(heard, ['first', 'second'])
    streams[0]?.end()
    assert.equal(await ended.promise, undefined)
  })

  test('stream() rejects if the answer is not 200, with the answer', async () => {
    await using server = await TestServer.http2(stream => {
      stream.respond({ ':status': 403 })
      stream.end('watch is forbidden')
    })
    const connection = await server.connect()
    await failed(connection.stream('/watch', unexpected, unexpected), /^Error: \/watch answered 403: watch is forbidden$/)
  })

  test('stream() reports a reset after its beginning', async () => {
    await using server = await TestServer.http2(stream => {
      stream.respond({ ':status': 200 })
      stream.write('x', () => stream.destroy(new Error('broken')))
    })
    const connection = await server.connect()
    const ended = Promise.withResolvers<Error | undefined>()
    await connection.stream('/watch', () => undefined, ended.resolve)
    assert.match(String(await ended.promise), /reset stream 1: INTERNAL_ERROR$/)
  })

  test('answers pings', async () => {
    await using server = await TestServer.http2(echo)
    await server.connect()
    const [session] = server.sessions
    const payload = Buffer.from('12345678')
    const echoed = await new Promise((resolve, reject) => session?.ping(payload, (err, _ms, bytes) => (err ? reject(err) : resolve(bytes))))
    assert.deepEqual(echoed, payload)
  })

  test('a server that ends in the middle of an answer fails pending and later requests', async () => {
    await using server = await TestServer.http2(stream => {
      stream.respond({ ':status': 200 })
      stream.write('half')
    })
    const connection = await server.connect()
    const request = connection.request('GET', '/')
    const heard = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<Error | undefined>()
    await connection.stream('/', () => heard.resolve(), ended.resolve)
    await heard.promise
    server.cut()
    await failed(request, /the connection to 127\.0\.0\.1:\d+ failed: /)
    assert.match(String(await ended.promise), /failed/)
    await failed(connection.request('GET', '/'), /failed/)
  })

  test('disposal fails pending requests', async () => {
    const held = Promise.withResolvers<ServerHttp2Stream>()
    await using server = await TestServer.http2(held.resolve)
    const connection = await server.connect()
    const request = connection.request('GET', '/')
    await held.promise
    connection[Symbol.dispose]()
    await failed(request, /it was closed/)
    await failed(connection.request('GET', '/'), /it was closed/)
  })

  test('a request that cannot be written fails, and its connection with it', async () => {
    await using server = await TestServer.http2(() => undefined)
    const connection = await server.connect()
    const other = connection.request('GET', '/other')
    await Promise.all([failed(connection.request('GET', '/a b'), /may not hold/), failed(other, /failed/)])
  })

  test('features that the two servers of the bench do not use fail the connection by name', async () => {
    await using leaving = await TestServer.http2(stream =>
      stream.session?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 1, Buffer.from('why')),
    )
    await failed((await leaving.connect()).request('GET', '/'), /failed: the server goes away: ENHANCE_YOUR_CALM why$/)
    await using interim = await TestServer.http2(stream => stream.additionalHeaders({ ':status': 103 }))
    await failed((await interim.connect()).request('GET', '/'), /failed: the server answered stream 1 with status 103$/)
    await using small = await TestServer.http2(echo, { headerTableSize: 0 })
    await failed(small.connect(), /failed: the server keeps a header table of 0 bytes$/)
    await using silent = await TestServer.tls([], () => undefined)
    await failed(silent.connect(), /failed: the server speaks no protocol that it names, not h2$/)
  })
})

describe('Connections', () => {
  test('open() refuses a server of another authority', async () => {
    await using server = await TestServer.http2(echo)
    await failed(Connections.open({ ...server.credentials, ca: testAuthority('other').pem }, 2), /failed: .*(certificate|signature)/i)
  })

  test('open() refuses a server with the certificate of another host', async () => {
    await using server = await TestServer.http2(echo, {}, "another host's")
    await failed(server.connections(1), /failed: .*altnames/)
  })

  test('open() or the first request fails if the server needs another client', async () => {
    await using server = await TestServer.http2(echo)
    await using other = await TestServer.http2(echo)
    const { cert, key } = other.credentials
    const attempt = async () => {
      using connections = await Connections.open({ ...server.credentials, cert, key }, 1)
      await connections.request('GET', '/')
    }
    await failed(attempt(), /failed/)
  })

  test('request() takes the connections in turn', async () => {
    const counts = new Map<unknown, number>()
    await using server = await TestServer.http2((stream, path, headers) => {
      counts.set(stream.session, (counts.get(stream.session) ?? 0) + 1)
      void echo(stream, path, headers)
    })
    using connections = await server.connections(3)
    await Promise.all(Array.from({ length: 30 }, () => connections.request('GET', '/')))
    assert.deepEqual([...counts.values()], [10, 10, 10])
  })
})
