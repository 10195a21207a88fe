// What a server may not send, byte by byte.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { FrameReader } from '../../../src/server/http2/wire/frame-reader.ts'
import { defaultWindow, frameFlag, frameType, headSize, preface, writeHead } from '../../../src/server/http2/wire/frames.ts'
import { TestServer } from './server.testing.ts'

function frame(type: number, flags: number, stream: number, hex = ''): Buffer {
  const content = Buffer.from(hex, 'hex')
  const head = Buffer.alloc(headSize)
  writeHead(head, 0, content.length, type, flags, stream)
  return Buffer.concat([head, content])
}

const settings = frame(frameType.settings, 0, 0)
const endHeaders = frameFlag.endHeaders
const ok = frame(frameType.headers, endHeaders, 1, '88')
const answered = frame(frameType.headers, endHeaders | frameFlag.endStream, 1, '88')

/** Tells its settings at once, and answers the first bytes of a request with what it was given. */
const answering = (bytes: readonly Buffer[]) => (socket: TLSSocket) => {
  socket.write(settings)
  let length = 0
  let sent = false
  socket.on('data', chunk => {
    length += chunk.length
    // Preface, settings, window and acknowledgement.
    if (sent || length < preface.length + 21 + 13 + 9 + headSize) return
    sent = true
    socket.write(Buffer.concat(bytes))
  })
}

const faults: readonly (readonly [name: string, bytes: readonly Buffer[], message: RegExp])[] = [
  ['headers without a status', [frame(frameType.headers, endHeaders, 1, '0f0d0130')], /stream 1 has no status/],
  ['two of them', [frame(frameType.headers, endHeaders, 1, '8889')], /stream 1 has no status/],
  ['one that is not a number', [frame(frameType.headers, endHeaders, 1, '08033230a0')], /stream 1 has no status/],
  ['an interim answer that ends', [frame(frameType.headers, 5, 1, '0803313033')], /ended with status 103/],
  ['a second answer', [ok, ok], /stream 1 was answered twice/],
  ['headers of a stream that nobody opened', [frame(frameType.headers, 5, 3, '88')], /headers came on stream 3, which nobody opened/],
  ['headers of a stream of its own', [frame(frameType.headers, 5, 2, '88')], /stream 2, which nobody opened/],
  ['headers that HPACK does not know', [frame(frameType.headers, 5, 1, 'be')], /index 62 is not in the table/],
  ['data before headers', [frame(frameType.data, 0, 1, '00')], /data of stream 1 came before its headers/],
  ['data of a stream that nobody opened', [frame(frameType.data, 0, 5, '00')], /data came on stream 5, which nobody opened/],
  [
    'another frame within a header block',
    [frame(frameType.headers, 0, 1, '88'), frame(frameType.ping, 0, 0, '00'.repeat(8))],
    /within a header/,
  ],
  ['data within a header block', [frame(frameType.headers, 0, 1, '88'), frame(frameType.data, 0, 1, '00')], /within a header/],
  ['a header block that goes on elsewhere', [frame(frameType.headers, 0, 1, '88'), frame(frameType.continuation, 4, 3)], /has not begun/],
  ['a header block that goes on before it began', [frame(frameType.continuation, 4, 1, '88')], /has not begun/],
  [
    'a header block without end',
    [frame(frameType.headers, 0, 1), ...Array.from({ length: 5 }, () => frame(frameType.continuation, 0, 1, '88'.repeat(16_384)))],
    /longer than 65536/,
  ],
  ['a push', [frame(frameType.pushPromise, 4, 1, '0000000288')], /the server pushes/],
  ['a ping of a wrong length', [frame(frameType.ping, 0, 0, '00')], /ping of a wrong length/],
  ['a reset of a wrong length', [frame(frameType.rstStream, 0, 1, '00')], /has 1 bytes, expected 4/],
  ['a reset of a stream that nobody opened', [frame(frameType.rstStream, 0, 9, '00000000')], /stream 9, which nobody opened/],
  ['settings of a wrong length', [frame(frameType.settings, 0, 0, '0001')], /settings of a wrong length/],
  ['a frame size that HTTP/2 does not have', [frame(frameType.settings, 0, 0, '000500000001')], /frame size of 1/],
  ['a window that HTTP/2 does not have', [frame(frameType.settings, 0, 0, '000480000000')], /window of 2147483648/],
  ['a window that becomes too large', [frame(frameType.windowUpdate, 0, 0, '7fffffff')], /exceeds 2\^31 - 1/],
  ['a window that is widened by nothing', [frame(frameType.windowUpdate, 0, 1, '00000000')], /by nothing/],
  ['a window update of a wrong length', [frame(frameType.windowUpdate, 0, 0, '00')], /has 1 bytes/],
  ['a GOAWAY of a wrong length', [frame(frameType.goAway, 0, 0, '00000000')], /GOAWAY of a wrong length/],
  [
    'headers that end within their priority',
    [frame(frameType.headers, endHeaders | frameFlag.priority, 1, '0000')],
    /ends within its priority/,
  ],
  ['a frame that is too large', [Buffer.from('0100000000000000000000', 'hex')], /has 65536 bytes/],
]

for (const [name, bytes, message] of faults)
  test(`Http2Connection fails on ${name}`, async () => {
    await using server = await TestServer.tls(['h2'], answering(bytes))
    const connection = await server.connect()
    await assert.rejects(connection.request('GET', '/'), err => {
      assert.match(String(err), message)
      assert.match(String(err), /the connection to 127\.0\.0\.1:\d+ failed: /)
      return true
    })
    await assert.rejects(connection.request('GET', '/'), message)
  })

test('Http2Connection takes what it need not know, and header blocks in parts', async () => {
  const bytes = [
    frame(0xa, 0, 0, '00000000'),
    frame(2, 0, 1, '0000000010'),
    frame(frameType.settings, frameFlag.ack, 0),
    frame(frameType.settings, 0, 0, '004200000001'),
    frame(frameType.ping, frameFlag.ack, 0, '00'.repeat(8)),
    frame(frameType.headers, frameFlag.priority | frameFlag.endStream, 1, '000000000f48'),
    frame(frameType.continuation, 0, 1),
    frame(frameType.continuation, endHeaders, 1, '03323938'),
    // For a stream that is over.
    frame(frameType.windowUpdate, 0, 1, '00000001'),
    frame(frameType.rstStream, 0, 1, '00000000'),
  ]
  await using server = await TestServer.tls(['h2'], answering(bytes))
  const connection = await server.connect()
  assert.equal((await connection.request('GET', '/')).status, 298)
})

test('Http2Connection sends no more of a body whose answer has come', async () => {
  const seen: string[] = []
  const wide = (stream: number) => frame(frameType.windowUpdate, 0, stream, '00100000')
  await using server = await TestServer.tls(['h2'], socket => {
    let body = 0
    const reader = new FrameReader({
      data: (stream, _bytes, start, end) => {
        if (body < defaultWindow) body += end - start
        else seen.push(`data ${stream}`)
        if (body === defaultWindow) socket.write(Buffer.concat([answered, wide(0), wide(1)]))
      },
      frame: (type, _flags, stream) => {
        if (stream > 0) seen.push(`${type} ${stream}`)
        if (stream === 3) socket.write(frame(frameType.headers, endHeaders | frameFlag.endStream, 3, '88'))
      },
    })
    let toSkip = preface.length
    socket.write(settings)
    socket.on('data', chunk => {
      const skipped = Math.min(toSkip, chunk.length)
      toSkip -= skipped
      reader.read(chunk.subarray(skipped), chunk.length - skipped)
    })
  })
  const connection = await server.connect()
  assert.equal((await connection.request('POST', '/', 'x'.repeat(100_000))).status, 200)
  assert.equal((await connection.request('GET', '/')).status, 200)
  assert.deepEqual(seen, ['1 1', '3 1', '1 3'])
})

test('Http2Connection closes when the last answer behind a GOAWAY has come', async () => {
  const closed = Promise.withResolvers<void>()
  const goAway = frame(frameType.goAway, 0, 0, '0000000100000000')
  await using server = await TestServer.tls(['h2'], socket => {
    socket.once('close', () => closed.resolve())
    answering([goAway, answered])(socket)
  })
  const connection = await server.connect()
  assert.equal((await connection.request('GET', '/')).status, 200)
  await closed.promise
})

test('open() refuses a server that speaks no h2', async () => {
  await using server = await TestServer.tls(['http/1.1'], () => undefined)
  await assert.rejects(server.connect(), /failed: /)
  await using silent = await TestServer.tls([], () => undefined)
  await assert.rejects(silent.connect(), /speaks no protocol that it names, not h2/)
})

test('open() refuses a server whose first frame is no settings', async () => {
  await using server = await TestServer.tls(['h2'], socket => socket.write(frame(frameType.ping, 0, 0, '00'.repeat(8))))
  await assert.rejects(server.connect(), /type 6 came before the settings/)
})

test('open() rejects where the server ends before its settings', async () => {
  await using server = await TestServer.tls(['h2'], socket => socket.end())
  await assert.rejects(server.connect(), /failed: the server ended it/)
})
