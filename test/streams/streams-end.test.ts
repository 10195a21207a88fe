// How exec, attach, port-forward and followed logs end: by their identity, by either side, truncated, and at the reader's pace.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type ServerHttp2Stream } from 'node:http2'
import { test } from 'node:test'
import { SpdyRuntime } from './fake-node-agent.ts'
import { binary, commands, echo, failed, limit, messagesOf, podPath, readToEnd, StreamsServer, turnsUntil } from './streams-server.ts'

const identityEnds: readonly [string, string, (streams: StreamsServer) => void][] = [
  ['expires', 'shortly', ({ clock }) => clock.advance(60_001)],
  ['is denied', 'ann', ({ denyList }) => denyList.replace([{ kind: 'user-name', value: 'ann' }])],
]
/** The node's streams from now on: answered, and open until the test ends them. */
function keepOpen(streams: StreamsServer): ServerHttp2Stream[] {
  const opened: ServerHttp2Stream[] = []
  streams.agent.serve = stream => {
    stream.respond({ ':status': 200 })
    stream.resume()
    opened.push(stream)
  }
  return opened
}

for (const [what, user, end] of identityEnds) {
  test(`streams over WebSocket and SPDY end in the turn in which their identity ${what}`, limit, async () => {
    await using streams = await StreamsServer.start()
    const opened = keepOpen(streams)
    const socket = await streams.webSocket(commands, ['v5.channel.k8s.io'], user)
    const spdy = await streams.upgrade(commands, { user })
    assert.equal(spdy.head.status, 101)
    const closed = [once(socket, 'close'), readToEnd(spdy.socket), ...opened.map(stream => once(stream, 'close'))]
    streams.clock.advance(1000)
    await new Promise(setImmediate)
    assert.deepEqual([socket.readyState, opened.map(({ closed }) => closed)], [socket.OPEN, [false, false]])
    end(streams)
    await Promise.all(closed)
  })
}

for (const [path, protocol] of [
  [commands, 'v4.channel.k8s.io'],
  ['portforward?ports=80', 'portforward.k8s.io'],
] as const) {
  test(`SPDY of ${path.split('?')[0]} passes unread, and the client's socket is closed behind the node's last byte`, limit, async () => {
    await using streams = await StreamsServer.start()
    streams.agent.serve = stream => {
      stream.respond({ ':status': 200 })
      stream.setEncoding('latin1').on('data', (text: string) => {
        if (text.endsWith('last')) stream.end(`answer to ${text}`)
      })
    }
    const { head, socket } = await streams.upgrade(path, { protocol, more: 'first ' })
    assert.equal(head.status, 101)
    assert.equal(head.headers.get('upgrade'), 'SPDY/3.1')
    assert.equal(head.headers.get('x-stream-protocol-version'), protocol)
    const answer = readToEnd(socket)
    socket.write('last')
    assert.match(await answer, /^answer to (first )?last$/)
    // This client keeps its own half open: after a while the connection is taken from it.
    assert.equal(socket.writableEnded, false)
    streams.clock.advance(30_001)
    await streams.untilOver(path)
  })
}

test('port-forward inside of a WebSocket: bytes both ways, a normal closure at the end', limit, async () => {
  await using streams = await StreamsServer.start()
  streams.agent.serve = stream => {
    stream.respond({ ':status': 200 })
    stream.setEncoding('latin1').on('data', (text: string) => stream.end(`answer to ${text}`))
  }
  // The library's client takes no slash in the name of a protocol.
  const { head, socket } = await streams.upgrade('portforward?ports=80', {
    upgrade: 'websocket',
    protocol: '',
    headers:
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io\r\n',
    method: 'GET',
  })
  assert.equal(head.status, 101)
  assert.equal(head.headers.get('sec-websocket-protocol'), 'SPDY/3.1+portforward.k8s.io')
  const answer = readToEnd(socket)
  socket.write(Buffer.from('\x82\x85\0\0\0\0bytes', 'latin1'))
  assert.equal(await once(socket, 'data').then(() => 'data'), 'data')
  socket.write(Buffer.from('\x88\x82\0\0\0\0\x03\xe8', 'latin1'))
  assert.equal(await answer, '\x82\x0fanswer to bytes\x88\x02\x03\xe8')
})

const cuts: readonly [string, (stream: ServerHttp2Stream, runtime: SpdyRuntime) => void, RegExp][] = [
  ['ends without a Status', stream => stream.end(), /the node ended the stream before it sent the exit status of the command/],
  ['is cut', stream => stream.destroy(new Error('cut')), /the node cut the stream|NGHTTP2_INTERNAL_ERROR/],
  ['is no SPDY', stream => stream.write('HTTP/1.1 500 Internal Server Error'), /SPDY|frame/],
]
for (const [name, cut, message] of cuts) {
  test(`a command whose stream ${name} is a failure to the client, not a success`, limit, async () => {
    await using streams = await StreamsServer.start()
    streams.agent.serve = stream => {
      stream.respond({ ':status': 200 })
      const runtime = new SpdyRuntime(stream)
      runtime.onData = () => cut(stream, runtime)
    }
    const socket = await streams.webSocket(commands, ['v5.channel.k8s.io'])
    socket.send(Buffer.from(binary(0, 'x')))
    const { code, messages } = await messagesOf(socket)
    const [begun, ended = ''] = messages
    assert.deepEqual([code, messages.length, begun, ended[0]], [1000, 2, binary(1, ''), binary(3, '')])
    const status = JSON.parse(ended.slice(1))
    assert.deepEqual([status.status, status.code], ['Failure', 500])
    assert.match(status.message, message)
  })
}

test('a command whose node dies fails with that reason, and its client is notified at once', limit, async () => {
  await using streams = await StreamsServer.start()
  streams.agent.serve = stream => {
    stream.respond({ ':status': 200 })
    const runtime = new SpdyRuntime(stream)
    runtime.onData = () => streams.agent[Symbol.dispose]()
  }
  const socket = await streams.webSocket(commands, ['v5.channel.k8s.io'])
  socket.send(Buffer.from(binary(0, 'x')))
  const { code, messages } = await messagesOf(socket)
  const status = JSON.parse(messages.at(-1)?.slice(1) ?? '')
  assert.deepEqual([code, messages.at(-1)?.[0], status.status, status.code], [1000, binary(3, ''), 'Failure', 500])
  assert.match(status.message, /the node/)
})

test('a followed log that the node cuts is an error to the client, one that it ends is not', limit, async () => {
  await using streams = await StreamsServer.start()
  const state = { name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0, state: { running: {} } }
  await streams.server.api.request('PATCH', `${podPath}/status`, { status: { containerStatuses: [state] } })
  const client = connect(streams.server.url, { ca: streams.server.ca })
  for (const cut of [false, true]) {
    let end: () => void = assert.fail
    streams.agent.serve = stream => {
      stream.respond({ ':status': 200 })
      stream.write('line')
      end = cut ? () => stream.destroy(new Error('cut')) : () => stream.end()
    }
    const log = client.request({ ':path': `${podPath}/log?follow=true`, authorization: 'Bearer ann' })
    const events: string[] = []
    log.on('data', () => end())
    log.on('end', () => events.push('end'))
    log.on('error', () => events.push('error'))
    await new Promise<void>(resolve => log.once('close', resolve))
    assert.deepEqual([events[0], log.rstCode], cut ? ['error', 2] : ['end', 0])
  }
  client.close()
})

test("the node's stream ends with the client", limit, async () => {
  await using streams = await StreamsServer.start()
  const opened = keepOpen(streams)
  const webSocket = await streams.webSocket(commands, ['v5.channel.k8s.io'])
  const { socket } = await streams.upgrade(commands)
  const ends = opened.map(stream => once(stream, 'close'))
  assert.equal(ends.length, 2)
  webSocket.terminate()
  socket.destroy()
  await Promise.all(ends)
})

test('a client that does not read holds the node back, and then gets every byte', limit, async () => {
  await using streams = await StreamsServer.start()
  const size = 16 * 1024 * 1024
  const piece = Buffer.alloc(64 * 1024, 'x')
  let written = 0
  let stalled = false
  streams.agent.serve = stream => {
    stream.respond({ ':status': 200 })
    const runtime = new SpdyRuntime(stream)
    const fill = () => {
      while (written < size) {
        written += piece.length
        if (runtime.write('stdout', piece)) continue
        stalled = true
        stream.once('drain', fill)
        return
      }
      runtime.finish()
    }
    runtime.onData = fill
  }
  const socket = await streams.webSocket(commands, ['v5.channel.k8s.io'])
  socket.pause()
  socket.send(Buffer.from(binary(0, 'x')))
  // Turns enough for everything, were it not held back.
  await turnsUntil(() => stalled)
  let before = -1
  while (before !== written) {
    before = written
    for (let turn = 0; turn < 2000; turn++) await new Promise(setImmediate)
  }
  assert.ok(written < size / 2, `${written} bytes were taken for a client that reads nothing`)
  let got = 0
  socket.on('message', (data: Buffer) => {
    if (data[0] === 1) got += data.length - 1
  })
  socket.resume()
  await once(socket, 'close')
  assert.equal(got, size)
})

test('fifty commands share the tunnel', limit, async () => {
  await using streams = await StreamsServer.start()
  echo(streams.agent)
  const ends = Array.from({ length: 50 }, async (_, i) => {
    const socket = await streams.webSocket(commands, ['v5.channel.k8s.io'])
    const messages = messagesOf(socket)
    socket.send(Buffer.from(binary(0, `n${i}`)))
    socket.send(Buffer.from([255, 0]))
    return await messages
  })
  assert.deepEqual(
    await Promise.all(ends),
    ends.map((_, i) => ({ code: 1000, messages: [binary(1, ''), binary(1, `N${i}`), binary(2, 'bye'), binary(3, failed)] })),
  )
})
