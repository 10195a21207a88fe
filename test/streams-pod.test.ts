// exec, attach and port-forward through everything that they pass: TLS, upgrade, pipeline, the node's tunnel, and an agent that answers as the test says.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type ServerHttp2Stream } from 'node:http2'
import { createServer } from 'node:net'
import { test } from 'node:test'
import type { WebSocket } from 'ws'
import { type FakeNodeAgent, SpdyRuntime } from './fake-node-agent.ts'
import { podPath, type Refusal, readToEnd, StreamsServer, turnsUntil } from './streams-server.ts'

const limit = { timeout: 60_000 }
const everything = 'stdin=true&stdout=true&stderr=true'
const commands = `exec?command=cat&${everything}`

/** Opens each stream with a runtime that echoes what comes in, in capitals, and ends with the input. */
function echo(agent: FakeNodeAgent): SpdyRuntime[] {
  const runtimes: SpdyRuntime[] = []
  agent.serve = stream => {
    stream.respond({ ':status': 200 })
    const runtime = new SpdyRuntime(stream)
    runtimes.push(runtime)
    runtime.onData = (name, data, fin) => {
      if (name !== 'stdin') return
      const text = data.toString()
      if (text !== '') runtime.write('stdout', text.toUpperCase())
      if (!fin && !text.includes('exit')) return
      runtime.write('stderr', 'bye')
      runtime.finish({ status: 'Failure', reason: 'NonZeroExitCode' })
    }
  }
  return runtimes
}

/** Every message, and the code of the closure. */
async function messagesOf(socket: WebSocket): Promise<{ code: number; messages: string[] }> {
  const messages: string[] = []
  socket.on('message', (data: Buffer) => {
    messages.push(data.toString('latin1'))
  })
  const [code] = await once(socket, 'close')
  return { code, messages }
}

const refusedSocket = async (opening: Promise<WebSocket>): Promise<Refusal> => {
  try {
    await opening
  } catch (err) {
    if (typeof err === 'object' && err !== null && 'status' in err && 'body' in err) {
      return { status: Number(err.status), body: String(err.body) }
    }
    throw err
  }
  throw new Error('the connection was opened')
}

const binary = (channel: number, text: string) => String.fromCharCode(channel) + text
const failed = '{"status":"Failure","reason":"NonZeroExitCode"}'
const negotiations: readonly [string, string[], string, readonly string[], readonly string[]][] = [
  [
    'v5.channel.k8s.io before v4',
    ['v4.channel.k8s.io', 'v5.channel.k8s.io'],
    'v5.channel.k8s.io',
    [binary(0, 'hello'), `${String.fromCharCode(255)}\0`],
    [binary(1, 'HELLO'), binary(2, 'bye'), binary(3, failed)],
  ],
  [
    'v4.channel.k8s.io',
    ['v4.channel.k8s.io', 'channel.k8s.io'],
    'v4.channel.k8s.io',
    [binary(0, 'hello exit')],
    [binary(1, 'HELLO EXIT'), binary(2, 'bye'), binary(3, failed)],
  ],
  [
    'base64.v4.channel.k8s.io',
    ['base64.v4.channel.k8s.io'],
    'base64.v4.channel.k8s.io',
    [`0${btoa('hello exit')}`],
    [`1${btoa('HELLO EXIT')}`, `2${btoa('bye')}`, `3${btoa(failed)}`],
  ],
]
for (const [name, offered, chosen, sent, got] of negotiations) {
  test(`exec speaks ${name}: input, outputs, the Status and a normal closure`, limit, async () => {
    await using streams = await StreamsServer.start()
    const runtimes = echo(streams.agent)
    const socket = await streams.webSocket(commands, offered)
    assert.equal(socket.protocol, chosen)
    for (const message of sent) socket.send(chosen.startsWith('base64') ? message : Buffer.from(message, 'latin1'))
    assert.deepEqual(await messagesOf(socket), { code: 1000, messages: got })
    assert.deepEqual([...(runtimes[0]?.streams.values() ?? [])], ['error', 'stdin', 'stdout', 'stderr'])
    const uid = (await streams.server.api.get(podPath)).json.metadata.uid
    assert.deepEqual(streams.agent.asked, [`/exec/default/p/${uid}/c?command=cat&${everything}`])
  })
}

test('attach with a terminal has a resize stream and no stderr', limit, async () => {
  await using streams = await StreamsServer.start()
  const runtimes = echo(streams.agent)
  const socket = await streams.webSocket(`attach?${everything}&tty=true&container=c`, ['v5.channel.k8s.io'])
  const size = new Promise<string>(resolve => {
    const [runtime] = runtimes
    assert.ok(runtime)
    runtime.onData = (name, data) => {
      resolve(`${name} ${data.toString()}`)
      runtime.finish()
    }
  })
  socket.send(Buffer.from(binary(4, '{"Width":80,"Height":24}')))
  assert.equal(await size, 'resize {"Width":80,"Height":24}')
  assert.deepEqual(await messagesOf(socket), { code: 1000, messages: [binary(3, '{"status":"Success"}')] })
  assert.deepEqual([...(runtimes[0]?.streams.values() ?? [])], ['error', 'stdin', 'stdout', 'resize'])
})

test('protocols that nobody knows are refused, and the node is not asked', limit, async () => {
  await using streams = await StreamsServer.start()
  const { status, body } = await refusedSocket(streams.webSocket(commands, ['v9.channel.k8s.io']))
  assert.equal(status, 400)
  assert.match(JSON.parse(body).message, /^unable to upgrade: .* v9\.channel\.k8s\.io$/)
  const spdy = await streams.upgrade(commands, { protocol: 'v9.channel.k8s.io' })
  assert.equal(spdy.head.status, 403)
  assert.match(await readToEnd(spdy.socket), /client supports \[v9\.channel\.k8s\.io\], server accepts \[v4\.channel\.k8s\.io\]/)
  const other = await streams.upgrade(commands, { upgrade: 'h2c' })
  assert.equal(other.head.status, 400)
  assert.match(await readToEnd(other.socket), /Upgrade request required/)
  assert.deepEqual(streams.agent.asked, [])
})

test('what admission refuses does not reach the node, and audit has it', limit, async () => {
  await using streams = await StreamsServer.start()
  const { status, body } = await refusedSocket(streams.webSocket('exec?command=forbidden&stdout=true', ['v5.channel.k8s.io']))
  assert.equal(status, 403)
  assert.equal(JSON.parse(body).message, 'pods "p" is forbidden: no such command')
  const event = streams.server.api.events.find(({ requestURI }) => requestURI.includes('forbidden'))
  assert.deepEqual(
    [event?.user.username, event?.verb, event?.objectRef?.subresource, event?.responseStatus?.code],
    ['ann', 'create', 'exec', 403],
  )
  assert.deepEqual(streams.agent.asked, [])
})

test('row 17: get rights open no stream: a GET upgrade of exec is a create, and nodes/proxy runs nothing', limit, async () => {
  await using streams = await StreamsServer.start()
  for (const path of [commands, `attach?${everything}`, 'portforward']) {
    const { status, body } = await refusedSocket(streams.webSocket(path, ['v5.channel.k8s.io'], 'reader'))
    assert.equal(status, 403)
    assert.match(JSON.parse(body).message, /User "reader" cannot create resource "pods\/(exec|attach|portforward)"/)
    assert.equal((await streams.upgrade(path, { user: 'reader' })).head.status, 403)
  }
  for (const path of ['exec/default/p/c?command=id', 'run/default/p/c?cmd=id']) {
    const { head } = await streams.upgrade(`/api/v1/nodes/n1/proxy/${path}`, { user: 'reader', method: 'GET', upgrade: 'websocket' })
    assert.equal(head.status, 403)
  }
  assert.deepEqual(streams.agent.asked, [])
})

for (const code of [400, 404, 500]) {
  test(
    `row 1: after the node's ${code} the client has its Status and a closed connection, on which nothing more is answered`,
    limit,
    async () => {
      await using streams = await StreamsServer.start()
      const sent = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message: `no, says the node with ${code}` }
      streams.agent.serve = stream => {
        stream.respond({ ':status': code, 'content-type': 'application/json' })
        stream.end(JSON.stringify(sent))
      }
      const second = 'GET /api/v1/secrets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ann\r\n\r\n'
      const { head, socket } = await streams.upgrade(commands, { more: second })
      socket.write(second)
      assert.equal(head.status, code)
      assert.equal(head.headers.get('connection'), 'close')
      assert.deepEqual(JSON.parse(await readToEnd(socket)), sent)
      const refused = await refusedSocket(streams.webSocket(commands, ['v5.channel.k8s.io']))
      assert.deepEqual([refused.status, JSON.parse(refused.body)], [code, sent])
      assert.equal(streams.agent.asked.length, 2)
      assert.equal(
        streams.server.api.events.some(({ requestURI }) => requestURI === '/api/v1/secrets'),
        false,
      )
    },
  )
}

for (const code of [301, 302, 303, 307, 308]) {
  test(`rows 2 and 3: the node's ${code} is never followed`, limit, async () => {
    await using streams = await StreamsServer.start()
    let connections = 0
    const elsewhere = createServer(socket => {
      connections++
      socket.destroy()
    })
    await once(elsewhere.listen(0, '127.0.0.1'), 'listening')
    const address = elsewhere.address()
    assert.ok(typeof address === 'object' && address)
    for (const location of [`http://127.0.0.1:${address.port}/exec`, `${streams.server.url}${podPath}`]) {
      streams.agent.serve = stream => {
        stream.respond({ ':status': code, location })
        stream.end()
      }
      const { head, socket } = await streams.upgrade(commands)
      assert.equal(head.status, 500)
      assert.equal(head.headers.has('location'), false)
      assert.match(await readToEnd(socket), new RegExp(`invalid upgrade response: status code ${code}`))
    }
    assert.equal(streams.agent.asked.length, 2)
    assert.equal(connections, 0)
    elsewhere.close()
  })
}

test('an answer of the node that is no Status is not passed on', limit, async () => {
  await using streams = await StreamsServer.start()
  streams.agent.serve = stream => {
    stream.respond({ ':status': 404, 'content-type': 'text/html' })
    stream.end('<script>alert(1)</script>')
  }
  const { head, socket } = await streams.upgrade(commands)
  assert.equal(head.status, 500)
  assert.match(await readToEnd(socket), /unable to upgrade connection: the node answered 404"/)
})

test('a node without a tunnel is a 503, a node that is no more a 404', limit, async () => {
  await using streams = await StreamsServer.start()
  streams.agent[Symbol.dispose]()
  await turnsUntil(() => streams.server.api.server.nodeTunnels.nodes.length === 0)
  const unreachable = await refusedSocket(streams.webSocket(commands, ['v5.channel.k8s.io']))
  assert.equal(unreachable.status, 503)
  assert.equal(JSON.parse(unreachable.body).message, 'error dialing backend: node "n1" has no open tunnel to this API server')
  await streams.server.api.request('DELETE', '/api/v1/nodes/n1')
  const gone = await refusedSocket(streams.webSocket(commands, ['v5.channel.k8s.io']))
  assert.deepEqual([gone.status, JSON.parse(gone.body).message], [404, 'nodes "n1" not found'])
})

const identityEnds: readonly [string, string, (streams: StreamsServer) => void][] = [
  ['expires', 'shortly', ({ clock }) => clock.advance(60_001)],
  ['is denied', 'ann', ({ denyList }) => denyList.replace([{ kind: 'user-name', value: 'ann' }])],
]
for (const [what, user, end] of identityEnds) {
  test(`streams over WebSocket and SPDY end in the turn in which their identity ${what}`, limit, async () => {
    await using streams = await StreamsServer.start()
    const opened: ServerHttp2Stream[] = []
    streams.agent.serve = stream => {
      stream.respond({ ':status': 200 })
      stream.resume()
      opened.push(stream)
    }
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
  ['ends without a Status', stream => stream.end(), /the node ended the stream before it told how the command ended/],
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
    assert.deepEqual([code, messages.length, messages[0]?.[0]], [1000, 1, binary(3, '')])
    const status = JSON.parse(messages[0]?.slice(1) ?? '')
    assert.deepEqual([status.status, status.code], ['Failure', 500])
    assert.match(status.message, message)
  })
}

test('a command whose node dies is a failure that says so, and its client is told at once', limit, async () => {
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
  const opened: ServerHttp2Stream[] = []
  streams.agent.serve = stream => {
    stream.respond({ ':status': 200 })
    stream.resume()
    opened.push(stream)
  }
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
    ends.map((_, i) => ({ code: 1000, messages: [binary(1, `N${i}`), binary(2, 'bye'), binary(3, failed)] })),
  )
})
