// exec, attach and port-forward through all layers: TLS, upgrade, pipeline, the node's tunnel, and an agent that answers as the test says.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { SpdyRuntime } from './fake-node-agent.ts'
import {
  binary,
  commands,
  echo,
  everything,
  failed,
  failedMessage,
  limit,
  messagesOf,
  podPath,
  readToEnd,
  refusedSocket,
  StreamsServer,
  turnsUntil,
} from './streams-server.ts'

const negotiations: readonly [string, string[], string, readonly string[], readonly string[]][] = [
  [
    'v5.channel.k8s.io before v4',
    ['v4.channel.k8s.io', 'v5.channel.k8s.io'],
    'v5.channel.k8s.io',
    [binary(0, 'hello'), `${String.fromCharCode(255)}\0`],
    [binary(1, ''), binary(1, 'HELLO'), binary(2, 'bye'), binary(3, failed)],
  ],
  [
    'v4.channel.k8s.io',
    ['v4.channel.k8s.io', 'channel.k8s.io'],
    'v4.channel.k8s.io',
    [binary(0, 'hello exit')],
    [binary(1, ''), binary(1, 'HELLO EXIT'), binary(2, 'bye'), binary(3, failed)],
  ],
  [
    'v4.base64.channel.k8s.io',
    ['v4.base64.channel.k8s.io'],
    'v4.base64.channel.k8s.io',
    [`0${btoa('hello exit')}`],
    ['1', `1${btoa('HELLO EXIT')}`, `2${btoa('bye')}`, `3${btoa(failed)}`],
  ],
  [
    'channel.k8s.io, whose failures are words',
    ['channel.k8s.io'],
    'channel.k8s.io',
    [binary(0, 'hello exit')],
    [binary(1, ''), binary(1, 'HELLO EXIT'), binary(2, 'bye'), binary(3, failedMessage)],
  ],
  [
    'base64.channel.k8s.io',
    ['base64.channel.k8s.io'],
    'base64.channel.k8s.io',
    [`0${btoa('hello exit')}`],
    ['1', `1${btoa('HELLO EXIT')}`, `2${btoa('bye')}`, `3${btoa(failedMessage)}`],
  ],
  [
    'with a client that offers nothing',
    [],
    '',
    [binary(0, 'hello exit')],
    [binary(1, ''), binary(1, 'HELLO EXIT'), binary(2, 'bye'), binary(3, failedMessage)],
  ],
]
for (const [name, offered, chosen, sent, got] of negotiations) {
  test(`exec speaks ${name}: input, outputs, the Status and a normal closure`, limit, async () => {
    await using streams = await StreamsServer.start()
    const runtimes = echo(streams.agent)
    const socket = await streams.webSocket(commands, offered)
    assert.equal(socket.protocol, chosen)
    for (const message of sent) socket.send(chosen.includes('base64') ? message : Buffer.from(message, 'latin1'))
    assert.deepEqual(await messagesOf(socket), { code: 1000, messages: got })
    assert.deepEqual([...(runtimes[0]?.streams.values() ?? [])], ['error', 'stdin', 'stdout', 'stderr'])
    const uid = (await streams.server.api.get(podPath)).json.metadata.uid
    assert.deepEqual(streams.agent.asked, [`/exec/default/p/${uid}/c?command=cat&${everything}`])
  })
}

test(
  'a command that succeeds ends without a word in the first protocols, and one of no output is announced on the error channel',
  limit,
  async () => {
    await using streams = await StreamsServer.start()
    streams.agent.serve = stream => {
      stream.respond({ ':status': 200 })
      const runtime = new SpdyRuntime(stream)
      runtime.onData = () => runtime.finish()
    }
    const socket = await streams.webSocket('exec?command=true&stdin=true', ['channel.k8s.io'])
    socket.send(Buffer.from(binary(0, 'x')))
    assert.deepEqual(await messagesOf(socket), { code: 1000, messages: [binary(3, '')] })
  },
)

test('attach with a terminal has a resize stream and no stderr', limit, async () => {
  await using streams = await StreamsServer.start()
  const runtimes = echo(streams.agent)
  const socket = await streams.webSocket(`attach?${everything}&tty=true&container=c`, ['v5.channel.k8s.io'])
  const ended = messagesOf(socket)
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
  assert.deepEqual(await ended, { code: 1000, messages: [binary(1, ''), binary(3, '{"status":"Success"}')] })
  assert.deepEqual([...(runtimes[0]?.streams.values() ?? [])], ['error', 'stdin', 'stdout', 'resize'])
})

test('unknown protocols are refused, and the node is not contacted', limit, async () => {
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

test('a stream that admission refuses does not reach the node, and is audited', limit, async () => {
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

test('get rights open no stream: a GET upgrade of exec is a create, and nodes/proxy runs nothing', limit, async () => {
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
    `CVE-2018-1002105: after the node's ${code} the client has its Status and a closed connection, on which nothing more is answered`,
    limit,
    async () => {
      await using streams = await StreamsServer.start()
      const sent = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code, message: `no, says the node with ${code}` }
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
  test(`CVE-2020-8559 and CVE-2018-1002102: the node's ${code} is never followed`, limit, async () => {
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
