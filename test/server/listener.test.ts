import assert from 'node:assert/strict'
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Stream,
} from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { connect as connectTcp, type Socket } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { nodeRequestPath, tunnelPath, tunnelUpgrade } from '../../src/api/nodes/node-protocol.ts'
import { type ClientCertificate, ListeningServer } from './listening-server.ts'

const masters = ['system:masters']

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

function ask(session: ClientHttp2Session, headers: Record<string, string | string[]>, body?: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': '/', ...headers })
    const chunks: Buffer[] = []
    let answer: IncomingHttpHeaders = {}
    stream.on('response', head => {
      answer = head
    })
    stream.on('data', chunk => chunks.push(chunk))
    stream.on('error', reject)
    stream.on('close', () => resolve({ status: Number(answer[':status']), headers: answer, text: Buffer.concat(chunks).toString() }))
    stream.end(body)
  })
}

const session = (server: ListeningServer, certificate?: ClientCertificate) =>
  connectHttp2(server.url, { ca: server.ca, ...(certificate ? { cert: certificate.certificate, key: certificate.key } : {}) })

test('the listener speaks HTTP/2 and takes the identity from the client certificate', async () => {
  await using server = await ListeningServer.start()
  const client = session(server, await server.client('alice', masters))
  const { status, headers, text } = await ask(client, { ':path': '/api/v1/namespaces/default' })
  assert.equal(status, 200)
  assert.equal(JSON.parse(text).metadata.name, 'default')
  assert.match(String(headers['audit-id']), /^[0-9a-f-]{36}$/)
  assert.equal(server.api.events.at(-1)?.user.username, 'alice')
  assert.equal(server.api.events.at(-1)?.sourceIPs[0], '127.0.0.1')
  client.close()
})

test('the listener answers 401 without a certificate and health to anyone', async () => {
  await using server = await ListeningServer.start()
  const client = session(server)
  assert.equal((await ask(client, { ':path': '/api/v1/pods' })).status, 401)
  assert.equal((await ask(client, { ':path': '/readyz' })).text, 'ok')
  client.close()
})

test('the listener refuses TLS below 1.3', async () => {
  await using server = await ListeningServer.start()
  const { port, hostname } = new URL(server.url)
  await assert.rejects(
    new Promise((resolve, reject) => {
      connectTls({ host: hostname, port: Number(port), ca: server.ca, maxVersion: 'TLSv1.2' }, () => resolve(undefined)).on('error', reject)
    }),
  )
})

test('CVE-2026-21637: unknown names and protocols, and bytes that are no handshake, end only their own connection', async () => {
  await using server = await ListeningServer.start()
  const { port, hostname } = new URL(server.url)
  const to = { host: hostname, port: Number(port) }
  const closed = (socket: Socket) =>
    new Promise<string>(resolve => {
      let outcome = 'closed'
      socket
        .once('secureConnect', () => {
          outcome = 'connected'
          socket.end()
        })
        .once('error', err => {
          outcome = err.message
        })
        .once('close', () => resolve(outcome))
        .resume()
    })
  for (const servername of ['x'.repeat(250), '*', '..', 'a\u0001b', 'localhost.', ''])
    assert.equal(await closed(connectTls({ ...to, servername, rejectUnauthorized: false })), 'connected', servername)
  for (const ALPNProtocols of [['foo'], ['x'.repeat(255)], ['h3', 'spdy/3.1']])
    assert.match(await closed(connectTls({ ...to, ALPNProtocols, rejectUnauthorized: false })), /no application protocol/)
  for (const bytes of [Buffer.alloc(70_000, 0x16), Buffer.from('160301000501000000ff', 'hex'), Buffer.from('GET / HTTP/1.1\r\n\r\n')]) {
    const socket = connectTcp(to)
    socket.end(bytes)
    assert.notEqual(await closed(socket), 'connected')
  }
  const client = session(server, await server.client('alice', masters))
  assert.equal((await ask(client, { ':path': '/readyz' })).text, 'ok')
  client.close()
})

test('the listener refuses a body above the limit and continues', async () => {
  await using server = await ListeningServer.start()
  const client = session(server, await server.client('alice', masters))
  const path = '/api/v1/namespaces/default/configmaps'
  const body = Buffer.alloc(4 * 1024 * 1024, 'x')
  const large = await ask(client, { ':path': path, ':method': 'POST', 'content-type': 'application/json' }, body)
  assert.equal(large.status, 413)
  assert.equal(JSON.parse(large.text).message, 'Request entity too large: limit is 3145728')
  assert.equal((await ask(client, { ':path': path })).status, 200)
  client.close()
})

test('the listener sends repeated impersonation headers on unjoined', async () => {
  await using server = await ListeningServer.start()
  const client = session(server, await server.client('alice', masters))
  const headers = { ':path': '/api/v1/pods', 'impersonate-user': 'bob', 'impersonate-group': ['a,b', 'c'] }
  assert.equal((await ask(client, headers)).status, 200)
  assert.deepEqual(server.api.events.at(-1)?.impersonatedUser?.groups, ['a,b', 'c', 'system:authenticated'])
  client.close()
})

test('the listener sends a large list uncompressed to a client on the same machine', async () => {
  await using server = await ListeningServer.start()
  for (let i = 0; i < 200; i++) {
    await server.api.create('/api/v1/namespaces/default/configmaps', { metadata: { name: `c${i}` }, data: { x: 'y'.repeat(1000) } })
  }
  const client = session(server, await server.client('alice', masters))
  const plain = await ask(client, { ':path': '/api/v1/configmaps' })
  const packed = await ask(client, { ':path': '/api/v1/configmaps', 'accept-encoding': 'gzip' })
  assert.equal(packed.headers['content-encoding'], undefined)
  assert.equal(packed.text, plain.text)
  client.close()
})

test('the listener speaks HTTP/1.1, and a watch ends when the server stops', async () => {
  const server = await ListeningServer.start()
  const { certificate: cert, key } = await server.client('alice', masters)
  const { end } = await new Promise<{ readonly end: Promise<void> }>((resolve, reject) => {
    const request = httpsRequest(`${server.url}/api/v1/namespaces?watch=1`, { ca: server.ca, cert, key, agent: false }, response => {
      assert.equal(response.statusCode, 200)
      const end = new Promise<void>(done => response.on('close', done))
      response.once('data', () => resolve({ end }))
    })
    request.on('error', reject)
    request.end()
  })
  await server[Symbol.asyncDispose]()
  await end
})

/** The agent's side: dials, upgrades, and serves HTTP/2 on the same connection. */
async function openTunnel(
  server: ListeningServer,
  node: string,
  certificate: ClientCertificate,
  serve: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): Promise<{ readonly status: string; readonly socket: TLSSocket }> {
  const { hostname, port } = new URL(server.url)
  const { certificate: cert, key } = certificate
  const socket = connectTls({ host: hostname, port: Number(port), ca: server.ca, cert, key, ALPNProtocols: ['http/1.1'] })
  socket.on('error', () => socket.destroy())
  socket.write(`GET ${tunnelPath(node)} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${tunnelUpgrade}\r\n\r\n`)
  const head = await new Promise<string>(resolve => {
    let text = ''
    const onData = (chunk: Buffer) => {
      const all = Buffer.concat([Buffer.from(text, 'latin1'), chunk])
      text = all.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) return
      socket.off('data', onData)
      socket.pause()
      if (all.length > end + 4) socket.unshift(all.subarray(end + 4))
      resolve(text.slice(0, end))
    }
    socket.on('data', onData)
  })
  const status = head.split('\r\n')[0] ?? ''
  if (status.includes('101')) {
    performServerHandshake(socket).on('stream', serve)
  }
  return { status, socket }
}

const untilNodes = async (server: ListeningServer, count: number) => {
  while (server.api.server.nodeTunnels.nodes.length !== count) await new Promise(resolve => setImmediate(resolve))
}

test('a node opens its tunnel, and logs come back through it', async () => {
  await using server = await ListeningServer.start()
  const certificate = await server.client('system:node:n1', ['system:nodes'])
  const asked: string[] = []
  const { status, socket } = await openTunnel(server, 'n1', certificate, (stream, headers) => {
    asked.push(`${headers[':method']} ${headers[':path']}`)
    stream.respond({ ':status': 200, 'content-type': 'text/plain' })
    stream.end('hello from n1\n')
  })
  assert.equal(status, 'HTTP/1.1 101 Switching Protocols')
  await untilNodes(server, 1)
  const pod = { namespace: 'default', name: 'p', uid: '' }
  const created = await server.api.create('/api/v1/namespaces/default/pods', {
    metadata: { name: 'p' },
    spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] },
  })
  pod.uid = created.metadata.uid ?? ''
  const running = [{ name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0, state: { running: {} } }]
  await server.api.request('PATCH', '/api/v1/namespaces/default/pods/p/status', { status: { containerStatuses: running } })
  const client = session(server, await server.client('alice', masters))
  const { text } = await ask(client, { ':path': '/api/v1/namespaces/default/pods/p/log?follow=true' })
  assert.equal(text, 'hello from n1\n')
  assert.deepEqual(asked, [`GET ${nodeRequestPath({ kind: 'logs', pod, container: 'c', query: 'follow=true' })}`])
  client.close()
  socket.destroy()
  await untilNodes(server, 0)
})

test('a second tunnel of a node is refused while the first answers, and accepted when that is gone', async () => {
  await using server = await ListeningServer.start()
  const certificate = await server.client('system:node:n1', ['system:nodes'])
  const first = await openTunnel(server, 'n1', certificate, stream => stream.close())
  await untilNodes(server, 1)
  const thief = await openTunnel(server, 'n1', certificate, stream => stream.close())
  assert.match(thief.status, /^HTTP\/1\.1 409 /)
  thief.socket.destroy()
  assert.deepEqual(server.api.server.nodeTunnels.nodes, ['n1'])
  first.socket.destroy()
  await untilNodes(server, 0)
  const second = await openTunnel(server, 'n1', certificate, stream => {
    stream.respond({ ':status': 200 })
    stream.end('second')
  })
  await untilNodes(server, 1)
  const request = { kind: 'logs', pod: { namespace: 'a', name: 'b', uid: 'c' }, container: 'd', query: '' } as const
  const { stream } = await server.api.server.nodeTunnels.requestNode('n1', request, AbortSignal.timeout(60_000))
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  assert.equal(Buffer.concat(chunks).toString(), 'second')
  second.socket.destroy()
})

test('only the node itself opens its tunnel', async () => {
  await using server = await ListeningServer.start()
  for (const [name, groups] of [
    ['system:node:n2', ['system:nodes']],
    ['system:node:n1', ['other']],
    ['alice', masters],
  ] as const) {
    const { status, socket } = await openTunnel(server, 'n1', await server.client(name, groups), stream => stream.close())
    assert.match(status, /^HTTP\/1\.1 403 /)
    socket.destroy()
  }
  assert.deepEqual(server.api.server.nodeTunnels.nodes, [])
})
