// Many large bodies at once, over HTTP/2 and HTTP/1.1: they wait in order for their room, and hold up nobody else.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as request1 } from 'node:http'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { test } from 'node:test'
import { silentLogger } from '../../../base/log.ts'
import { header, type ServerRequest } from '../../../server/http/exchange.ts'
import { Http1Server } from '../../../server/http/http1-server.ts'
import { Http2Request, sendHttp2 } from '../../../server/http/http2-exchange.ts'
import { RequestRounds } from '../../../server/http/request-rounds.ts'
import { Http2ServerConnection } from '../../../server/http2/connection.ts'
import { person, SecuredApi } from '../secured-api.testing.ts'

const path = '/api/v1/namespaces/default/configmaps?dryRun=All'
const mebibyte = 2 ** 20
const configMap = (bytes: number) => {
  const start = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"text":"'
  return Buffer.from(`${start}${'x'.repeat(bytes - start.length - 3)}"}}`)
}

interface Sending {
  readonly body: Writable
  readonly status: Promise<number>
}

/** Begins a POST as the user; its body is written by the test. */
type Post = (user: string, length: number) => Sending

/** Whom the request names: what is tested begins after authentication. */
const namedUser = (request: ServerRequest): ServerRequest =>
  Object.assign(request, { identity: person(header(request.headers, 'x-user') ?? '') })

function http2Client(port: number, opened: Disposable[]): Post {
  const session: ClientHttp2Session = connectHttp2(`http://127.0.0.1:${port}`, { maxSessionMemory: 64 })
  opened.push({ [Symbol.dispose]: () => session.destroy() })
  return (user, length) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'x-user': user,
      'content-type': 'application/json',
      'content-length': length,
    })
    const status = once(stream, 'response').then(([headers]) => Number(headers[':status']))
    stream.resume()
    return { body: stream, status }
  }
}

function http1Client(port: number, opened: Disposable[]): Post {
  return (user, length) => {
    const headers = { 'x-user': user, 'content-type': 'application/json', 'content-length': length }
    const request = request1({ port, host: '127.0.0.1', method: 'POST', path, headers, agent: false })
    request.on('error', () => undefined)
    opened.push({ [Symbol.dispose]: () => request.destroy() })
    const status = once(request, 'response').then(([response]) => {
      response.resume()
      return Number(response.statusCode)
    })
    request.flushHeaders()
    return { body: request, status }
  }
}

const protocols = [
  {
    name: 'HTTP/2',
    client: http2Client,
    accept: (api: SecuredApi, rounds: RequestRounds) => (socket: Socket) => {
      new Http2ServerConnection(socket, {
        request: stream => {
          const request = new Http2Request(stream, { remoteAddress: '192.0.2.1' }, rounds)
          void api.server.handle(namedUser(request)).then(reply => sendHttp2(stream, request, reply, silentLogger))
        },
        failed: () => undefined,
      })
    },
  },
  {
    name: 'HTTP/1.1',
    client: http1Client,
    accept: (api: SecuredApi, rounds: RequestRounds) => {
      const handle = (request: ServerRequest) => api.server.handle(namedUser(request))
      const http1 = new Http1Server({ handle, rounds, headerBytes: 16 * 1024, headersMs: 60_000, log: silentLogger })
      return (socket: Socket) => http1.accept(socket)
    },
  },
]

interface Served extends AsyncDisposable {
  readonly post: Post
}

/** A server that `eve` and `ann` may write to. */
async function serve({ client, accept }: (typeof protocols)[number]): Promise<Served> {
  const api = await SecuredApi.open()
  const opened: Disposable[] = []
  const take = accept(api, new RequestRounds())
  const sockets = new Set<Socket>()
  const tcp = createServer({ allowHalfOpen: true }, socket => {
    socket.on('error', () => undefined)
    sockets.add(socket)
    take(socket)
  })
  await once(tcp.listen(0, '127.0.0.1'), 'listening')
  const { port } = tcp.address() as AddressInfo
  const rbac = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings'
  const subjects = ['eve', 'ann'].map(user => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }))
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' }
  await api.create(rbac, { metadata: { name: 'editors' }, roleRef, subjects })
  return {
    post: client(port, opened),
    async [Symbol.asyncDispose]() {
      for (const one of opened) one[Symbol.dispose]()
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => tcp.close(resolve))
      await api[Symbol.asyncDispose]()
    },
  }
}

const whole = configMap(mebibyte)

for (const protocol of protocols) {
  test(`sixteen bodies of 1 MiB at once over ${protocol.name} all come to an end`, async () => {
    await using served = await serve(protocol)
    const answers = Array.from({ length: 16 }, () => {
      const { body, status } = served.post('eve', whole.length)
      body.end(whole)
      return status
    })
    assert.deepEqual(await Promise.all(answers), Array(16).fill(201))
  })

  test(`a slow large body over ${protocol.name} holds up others of its user, and nobody else`, async () => {
    await using served = await serve(protocol)
    const { post } = served
    const large = configMap(3 * mebibyte)
    const slow = post('eve', large.length)
    // Its window is widened, so it is being read.
    await new Promise<void>(resolve => slow.body.write(large.subarray(0, 2 * mebibyte), () => resolve()))
    const next = post('eve', whole.length + mebibyte)
    next.body.end(configMap(whole.length + mebibyte))
    const other = post('ann', whole.length)
    other.body.end(whole)
    assert.equal(await other.status, 201)
    let isAnswered = false
    void next.status.then(() => {
      isAnswered = true
    })
    const small = post('eve', 1000)
    small.body.end(configMap(1000))
    assert.equal(await small.status, 201)
    assert.equal(isAnswered, false)
    slow.body.end(large.subarray(2 * mebibyte))
    // More than a ConfigMap may have.
    assert.deepEqual(await Promise.all([slow.status, next.status]), [422, 422])
  })
}
