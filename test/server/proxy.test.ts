// Proxies to pods, services and nodes: real clients over TLS, real backends on loopback behind a node that a test decides.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { after, before, beforeEach, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { gunzipSync, gzipSync } from 'node:zlib'
import { WebSocket, WebSocketServer } from 'ws'
import { type Answer, ns, ProxiedBackends } from './proxied-backends.ts'

let proxied: ProxiedBackends
before(async () => {
  proxied = await ProxiedBackends.start()
})
beforeEach(() => proxied.clear())
after(() => proxied?.[Symbol.asyncDispose]())

const ask: ProxiedBackends['ask'] = (path, options) => proxied.ask(path, options)
const messageOf = ({ text }: Answer): string => JSON.parse(text).message

for (const [name, path, port] of [
  ['a pod by its declared port', `${ns}/pods/p/proxy/a/b?c=d&e=%2F`, '8080'],
  ['a pod by a number', `${ns}/pods/p:8080/proxy/a/b?c=d&e=%2F`, '8080'],
  ['a pod by scheme and number', `${ns}/pods/http:p:8080/proxy/a/b?c=d&e=%2F`, '8080'],
  ['a service by the name of its port', `${ns}/services/s:web/proxy/a/b?c=d&e=%2F`, '8080'],
  ['a service by number', `${ns}/services/s:80/proxy/a/b?c=d&e=%2F`, '8080'],
] as const) {
  test(`proxy: ${name}`, async () => {
    const { status, text } = await ask(path)
    assert.deepEqual([status, text], [200, 'hello'])
    assert.equal(proxied.seen[0]?.url, '/a/b?c=d&e=%2F')
    const [request] = proxied.asked
    assert.ok(request?.kind === 'dial')
    assert.deepEqual([request.pod.namespace, request.pod.name, request.query], ['default', 'p', `port=${port}`])
  })
}

test('proxy: every method passes, each by its own right', async () => {
  proxied.answer = (request, response) => response.setHeader('x-method', request.method ?? '').end('hello')
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const { status, headers, text } = await ask(`${ns}/pods/p/proxy/x`, { method, ...(method === 'POST' ? { body: 'b' } : {}) })
    assert.deepEqual([status, headers['x-method'], text], [200, method, method === 'HEAD' ? '' : 'hello'])
    const reader = await ask(`${ns}/pods/p/proxy/x`, { method, user: 'reader' })
    assert.equal(reader.status, method === 'GET' || method === 'HEAD' ? 200 : 403, method)
  }
  // The right is for the name as it is in the path.
  const other = await ask(`${ns}/pods/p:8080/proxy/x`, { user: 'reader' })
  assert.equal(other.status, 403)
  assert.equal(
    messageOf(other),
    'pods "p:8080" is forbidden: User "reader" cannot get resource "pods/proxy" in API group "" in the namespace "default"',
  )
})

test('proxy: the backend gets none of the caller’s credentials, and cannot answer in this server’s name', async () => {
  proxied.answer = (_request, response) =>
    response
      .writeHead(404, 'Gone fishing', {
        ...{
          'audit-id': 'forged',
          'set-cookie': ['a=1', 'b=2'],
          'access-control-allow-origin': '*',
          'x-own': 'yes',
          connection: 'x-hop',
          'x-hop': '1',
        },
      })
      .end('none')
  const { status, headers, text } = await ask(`${ns}/pods/p/proxy/x`, {
    headers: {
      'x-hop': '1',
      connection: 'close, x-hop',
      'x-remote-user': 'root',
      te: 'trailers',
      'x-forwarded-for': '192.0.2.9',
      cookie: 'c=d',
    },
  })
  const got = proxied.seen[0]?.headers ?? {}
  assert.deepEqual(
    [got.authorization, got['x-remote-user'], got['x-hop'], got.te, got.cookie, got.host, got['x-forwarded-for'], got['x-forwarded-uri']],
    [
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      new URL(proxied.server.url).host,
      '192.0.2.9, 127.0.0.1',
      `${ns}/pods/p/proxy/x`,
    ],
  )
  assert.deepEqual(
    [status, text, headers['x-own'], headers['x-hop'], headers['access-control-allow-origin']],
    [404, 'none', 'yes', undefined, undefined],
  )
  assert.deepEqual([headers['set-cookie'], headers['content-security-policy']], [undefined, 'sandbox'])
  assert.match(String(headers['audit-id']), /^[0-9a-f-]{36}$/)
})

test('proxy: a redirect is handed on with its path rewritten, and never followed', async () => {
  proxied.answer = (_request, response) => response.writeHead(302, { location: '/elsewhere?x=y' }).end()
  const { status, headers } = await ask(`${ns}/services/s:web/proxy/x`)
  assert.deepEqual([status, headers.location], [302, `${ns}/services/s:web/proxy/elsewhere?x=y`])
  proxied.answer = (_request, response) => response.writeHead(307, { location: 'http://169.254.169.254/latest' }).end()
  assert.equal((await ask(`${ns}/pods/p/proxy/x`)).headers.location, 'http://169.254.169.254/latest')
  assert.equal(proxied.seen.length, 2)
  const slash = await ask(`${ns}/pods/p/proxy?a=b`)
  assert.deepEqual([slash.status, slash.headers.location, proxied.seen.length], [301, `${ns}/pods/p/proxy/?a=b`, 2])
  proxied.answer = (_request, response) => response.end('hello')
  assert.equal((await ask(`${ns}/pods/p/proxy`, { method: 'POST', body: 'b' })).status, 200)
  assert.equal(proxied.seen[2]?.url, '/')
})

const refusals: [path: string, status: number, message: RegExp][] = [
  [`${ns}/pods/no-address/proxy/x`, 400, /^address not allowed$/],
  [`${ns}/pods/loopback/proxy/x`, 400, /^address not allowed$/],
  [`${ns}/pods/link-local/proxy/x`, 400, /^address not allowed$/],
  [`${ns}/pods/absent/proxy/x`, 404, /^pods "absent" not found$/],
  [`${ns}/pods/ftp:p:1/proxy/x`, 400, /^invalid pod request "ftp:p:1"$/],
  [`${ns}/pods/p:web/proxy/x`, 503, /^error trying to reach service: dial tcp: lookup tcp\/web: unknown port$/],
  [`${ns}/pods/p:99999/proxy/x`, 503, /^error trying to reach service: dial tcp: address 10\.0\.0\.1:99999: invalid port$/],
  [`${ns}/pods/no-port/proxy/x`, 503, /^error trying to reach service: dial tcp 10\.0\.0\.1:9: connect: connection refused$/],
  [`${ns}/pods/p/proxy/not-admitted`, 403, /no such path$/],
  [`${ns}/services/absent/proxy/x`, 404, /^endpoints "absent" not found$/],
  [`${ns}/services/s:81/proxy/x`, 503, /^no service port 81 found for service "s"$/],
  [`${ns}/services/s:other/proxy/x`, 503, /^no endpoints available for service "s:other"$/],
  [`${ns}/services/no-target:web/proxy/x`, 503, /^no endpoints available for service "no-target:web"$/],
  [`${ns}/services/foreign:web/proxy/x`, 503, /^no endpoints available for service "foreign:web"$/],
  [`${ns}/services/another-address:web/proxy/x`, 503, /^no endpoints available for service "another-address:web"$/],
  [`${ns}/services/empty/proxy/x`, 404, /^endpoints "empty" not found$/],
  ['/api/v1/nodes/n1:22/proxy/x', 403, /port 22 of a node is not reached through the API/],
  ['/api/v1/nodes/https:n1:6443/proxy/x', 403, /port 6443 of a node/],
  ['/api/v1/nodes/n1/proxy/exec/default/p/c?command=id', 403, /does not offer "\/exec": use pods\/exec/],
  ['/api/v1/nodes/n1/proxy/run/default/p/c?cmd=id', 403, /use pods\/exec/],
  ['/api/v1/nodes/n1/proxy/containerLogs/default/p/c', 403, /use pods\/log/],
  ['/api/v1/nodes/n1/proxy/metrics', 404, /the node agent has no page "\/metrics"/],
  ['/api/v1/nodes/absent/proxy/healthz', 404, /^nodes "absent" not found$/],
  ['/api/v1/nodes/127.0.0.1:6443/proxy/healthz', 403, /port 6443 of a node/],
  ['/api/v1/nodes/127.0.0.1/proxy/healthz', 404, /^nodes "127\.0\.0\.1" not found$/],
]
for (const [path, status, message] of refusals) {
  test(`proxy: refused with ${status}: ${path}`, async () => {
    const refused = await ask(path)
    assert.equal(refused.status, status, refused.text)
    assert.match(messageOf(refused), message)
    assert.equal(proxied.seen.length, 0)
  })
}

test('nodes/proxy: the pages of the agent, each also by a right of its own', async () => {
  assert.equal((await ask('/api/v1/nodes/n1/proxy/healthz')).text, 'ok')
  assert.deepEqual(proxied.asked, [{ kind: 'kubelet', path: 'healthz' }])
  assert.equal((await ask('/api/v1/nodes/n1:10250/proxy/healthz')).status, 200)
  assert.equal((await ask('/api/v1/nodes/n1/proxy/healthz', { user: 'monitor' })).status, 200)
  const pods = await ask('/api/v1/nodes/n1/proxy/pods', { user: 'monitor' })
  assert.equal(
    messageOf(pods),
    'nodes "n1" is forbidden: User "monitor" cannot get resource "nodes/proxy" in API group "" at the cluster scope',
  )
  for (const path of ['metrics/resource', 'stats/usage', 'stats/summary']) {
    assert.equal((await ask(`/api/v1/nodes/n1/proxy/${path}`)).status, 200)
    assert.deepEqual(proxied.asked.at(-1), { kind: 'kubelet', path })
    assert.equal((await ask(`/api/v1/nodes/n1/proxy/${path}`, { user: 'monitor' })).status, 403)
  }
  assert.equal((await ask('/api/v1/nodes/n1/proxy/healthz', { method: 'POST', body: 'x' })).status, 405)
})

test('proxy: bodies stream both ways, at the pace of the slower side', async () => {
  const whole = 24 * 1024 * 1024
  let read = 0
  const gate = Promise.withResolvers<void>()
  proxied.answer = (request, response) => {
    request.pause()
    void gate.promise.then(() => {
      request.on('data', (chunk: Buffer) => {
        read += chunk.length
      })
      request.once('end', () => response.end(String(read)))
      request.resume()
    })
  }
  const { hostname, port } = new URL(proxied.server.url)
  const request = httpsRequest({
    hostname,
    port,
    ca: proxied.server.ca,
    agent: false,
    method: 'POST',
    path: `${ns}/pods/p/proxy/up`,
    headers: { authorization: 'Bearer ann' },
  })
  const piece = Buffer.alloc(1024 * 1024)
  let written = 0
  // Writes until nothing is taken any more for a while of turns: the backend does not read.
  let full = false
  request.on('drain', () => {
    full = false
  })
  for (let idle = 0; idle < 2000 && written < whole; ) {
    if (full) {
      idle++
      await new Promise(resolve => setImmediate(resolve))
      continue
    }
    idle = 0
    full = !request.write(piece)
    written += piece.length
  }
  assert.ok(written < whole, `${written} bytes were taken by nobody`)
  gate.resolve()
  for (; written < whole; written += piece.length) if (!request.write(piece)) await once(request, 'drain')
  request.end()
  const [response]: IncomingMessage[] = await once(request, 'response')
  let text = ''
  assert.ok(response)
  for await (const chunk of response) text += chunk
  assert.equal(text, String(whole))
})

for (const [encoding, encode, decode] of [
  ['identity', (text: string) => Buffer.from(text), (bytes: Buffer) => bytes],
  ['gzip', (text: string) => gzipSync(text), (bytes: Buffer) => gunzipSync(bytes)],
] as const) {
  test(`proxy: absolute links of a page in HTML lead through the proxy: ${encoding}`, async () => {
    const body = encode('<a href="/next">on</a>')
    const coded = encoding === 'identity' ? {} : { 'content-encoding': encoding }
    proxied.answer = (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': body.length, ...coded }).end(body)
    const { status, headers, bytes } = await ask(`${ns}/services/s:web/proxy/page`)
    assert.deepEqual([status, headers['content-length']], [200, undefined])
    assert.equal(decode(bytes).toString(), `<a href="${ns}/services/s:web/proxy/next">on</a>`)
    proxied.answer = (_request, response) => response.writeHead(200, { 'content-type': 'text/plain', ...coded }).end(body)
    assert.deepEqual((await ask(`${ns}/services/s:web/proxy/page`)).bytes, body)
  })
}

test('proxy: a page that does not match its encoding is cut', async () => {
  proxied.answer = (_request, response) =>
    response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end('no gzip')
  await assert.rejects(ask(`${ns}/pods/p/proxy/x`))
})

test('proxy: an answer that its backend cuts is cut for the client too', async () => {
  proxied.answer = (_request, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('part', () => response.destroy())
  }
  await assert.rejects(ask(`${ns}/pods/p/proxy/x`))
})

test('proxy: over HTTP/2, with a body and its answer', async () => {
  proxied.answer = (request, response) => request.pipe(response)
  const session = connectHttp2(proxied.server.url, { ca: proxied.server.ca })
  const stream = session.request({ ':method': 'PUT', ':path': `${ns}/pods/p/proxy/echo?x=1`, authorization: 'Bearer ann' })
  stream.end('over two')
  let text = ''
  for await (const chunk of stream) text += chunk
  assert.equal(text, 'over two')
  assert.equal(proxied.seen[0]?.headers.host, new URL(proxied.server.url).host)
  session.close()
})

test('proxy: a WebSocket passes, without the token of the caller', async t => {
  const sockets = new WebSocketServer({ noServer: true })
  const upgrade = (message: IncomingMessage, socket: Parameters<WebSocketServer['handleUpgrade']>[1], head: Buffer) => {
    proxied.seen.push(message)
    sockets.handleUpgrade(message, socket, head, ws => ws.on('message', data => ws.send(`echo ${data}`)))
  }
  proxied.backend.on('upgrade', upgrade)
  t.after(() => proxied.backend.off('upgrade', upgrade))
  const url = `${proxied.server.url.replace('https', 'wss')}${ns}/services/s:web/proxy/ws?room=1`
  const client = new WebSocket(url, ['chat', 'base64url.bearer.authorization.k8s.io.YW5u'], {
    ca: proxied.server.ca,
    headers: { authorization: 'Bearer ann' },
  })
  await once(client, 'open')
  assert.equal(client.protocol, 'chat')
  client.send('there')
  assert.equal(String((await once(client, 'message'))[0]), 'echo there')
  assert.equal(proxied.seen[0]?.url, '/ws?room=1')
  assert.deepEqual([proxied.seen[0]?.headers.authorization, proxied.seen[0]?.headers['sec-websocket-protocol']], [undefined, 'chat'])
  client.close(1000)
  await once(client, 'close')
})

for (const [status, want, message] of [
  [400, 400, /^refused$/],
  [302, 500, /invalid upgrade response: status code 302/],
  [200, 500, /invalid upgrade response: status code 200/],
] as const) {
  test(`proxy: an upgrade that the backend answers with ${status} leaves no connection behind (CVE-2018-1002105, CVE-2020-8559)`, async t => {
    const upgrade = (message: IncomingMessage, socket: NodeJS.WritableStream) => {
      proxied.seen.push(message)
      socket.end(`HTTP/1.1 ${status} X\r\nContent-Length: 7\r\nLocation: https://127.0.0.1:1/\r\n\r\nrefused`)
    }
    proxied.backend.on('upgrade', upgrade)
    t.after(() => proxied.backend.off('upgrade', upgrade))
    const { hostname, port } = new URL(proxied.server.url)
    const socket = connectTls({ host: hostname, port: Number(port), ca: proxied.server.ca, ALPNProtocols: ['http/1.1'] })
    const head = `GET ${ns}/pods/p/proxy/ws HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ann\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
    socket.write(head + head)
    let text = ''
    socket.setEncoding('utf8').on('data', chunk => {
      text += chunk
    })
    await once(socket, 'close')
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${want} `))
    assert.match(text.slice(text.indexOf('\r\n\r\n') + 4), message)
    assert.doesNotMatch(text, /location:/i)
    assert.equal(proxied.seen.length, 1)
  })
}

test('proxy: the certificate of a pod is verified, and no header of a client switches that off', async () => {
  const path = `${ns}/pods/https:p:8443/proxy/x`
  for (const headers of [{}, { 'x-bulkhead-insecure-skip-tls-verify-backend': 'true' }]) {
    const refused = await ask(path, { headers })
    assert.equal(refused.status, 503)
    assert.match(messageOf(refused), /^error trying to reach service: tls: /)
  }
  assert.equal(proxied.seen.length, 0)
  const audited = proxied.server.api.events.filter(({ requestURI, stage }) => requestURI === path && stage === 'ResponseComplete')
  assert.deepEqual(
    audited.map(({ annotations }) => annotations?.['proxy.bulkhead.dev/backend-certificate']),
    ['verified', 'verified'],
  )
})

test('proxy: audited with its subresource, its whole URI and its end', async () => {
  await ask(`${ns}/pods/p/proxy/audited?q=1`)
  const events = proxied.server.api.events.filter(({ requestURI }) => requestURI === `${ns}/pods/p/proxy/audited?q=1`)
  assert.deepEqual(
    events.map(({ stage, verb, objectRef }) => [stage, verb, objectRef?.resource, objectRef?.subresource, objectRef?.name]),
    [
      ['ResponseStarted', 'get', 'pods', 'proxy', 'p'],
      ['ResponseComplete', 'get', 'pods', 'proxy', 'p'],
    ],
  )
})
