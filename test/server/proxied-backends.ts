// Pods and Services of an API server on a TLS port, whose proxies lead to servers on loopback, and a client that asks through them.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer, request as httpsRequest, type RequestOptions } from 'node:https'
import { connect, type Server as NetServer } from 'node:net'
import { PassThrough } from 'node:stream'
import { forbidden, serviceUnavailable } from '../../src/api/status.ts'
import type { NodeRequest } from '../../src/server/proxy/tunnel/node-tunnel.ts'
import { allowWhere, type TestServer } from '../../src/server/testing.ts'
import { ListeningServer } from './listening-server.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
  readonly bytes: Buffer
}

export const ns = '/api/v1/namespaces/default'

/** A bearer token is the user's name: `reader` may only get the pod `p`, `monitor` only the health of nodes. */
export class ProxiedBackends implements AsyncDisposable {
  readonly server: ListeningServer
  /** Behind port 8080 of every pod. */
  readonly backend: Server
  /** On port 8443, with a certificate that matches no name. */
  readonly secureBackend: Server
  /** Requests that reached a backend since `clear()`. */
  seen: IncomingMessage[] = []
  /** Requests to the node since then. */
  asked: NodeRequest[] = []
  answer: (request: IncomingMessage, response: ServerResponse) => void = hello

  private constructor(server: ListeningServer, { certificate, key }: { certificate: string; key: string }) {
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      this.seen.push(request)
      this.answer(request, response)
    }
    this.server = server
    this.backend = createHttpServer(handle)
    this.secureBackend = createHttpsServer({ cert: certificate, key }, handle)
  }

  static async start(): Promise<ProxiedBackends> {
    const server = await startServer()
    const proxied = new ProxiedBackends(server, await server.client('somebody', []))
    const ports = new Map([
      ['8080', await listening(proxied.backend)],
      ['8443', await listening(proxied.secureBackend)],
    ])
    server.api.server.nodeTunnels.register('n1', async request => {
      proxied.asked.push(request)
      if (!('query' in request)) return { status: 200, contentType: 'text/plain', stream: streamOf('ok') }
      const port = ports.get(new URLSearchParams(request.query).get('port') ?? '')
      if (port !== undefined) return { status: 200, contentType: '', stream: connect({ port, host: '127.0.0.1' }) }
      const { status } = serviceUnavailable('dial tcp 10.0.0.1:9: connect: connection refused')
      return { status: status.code, contentType: 'application/json', stream: streamOf(JSON.stringify(status)) }
    })
    await createObjects(server.api)
    return proxied
  }

  clear(): void {
    this.seen = []
    this.asked = []
    this.answer = hello
  }

  ask(
    path: string,
    { user = 'ann', headers = {}, body, ...more }: RequestOptions & { user?: string; body?: string } = {},
  ): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const request = httpsRequest(
      `${this.server.url}${path}`,
      { ca: this.server.ca, agent: false, ...more, headers: { authorization: `Bearer ${user}`, ...headers } },
      response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('end', () => {
          const bytes = Buffer.concat(chunks)
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: bytes.toString(), bytes })
        })
        response.once('error', reject)
      },
    )
    request.once('error', reject)
    request.end(body)
    return promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
    for (const one of [this.backend, this.secureBackend]) {
      one.closeAllConnections()
      one.close()
    }
  }
}

const hello = (_request: IncomingMessage, response: ServerResponse) => response.end('hello')

const streamOf = (text: string) => {
  const stream = new PassThrough()
  stream.end(text)
  return stream
}

const listening = async (one: NetServer): Promise<number> => {
  one.listen(0, '127.0.0.1')
  await once(one, 'listening')
  const address = one.address()
  return typeof address === 'object' && address ? address.port : 0
}

function startServer(): Promise<ListeningServer> {
  return ListeningServer.start({
    authenticate: async ({ authorization }) => {
      const name = authorization?.replace('Bearer ', '')
      if (name === undefined) return { outcome: 'no-opinion' }
      const user = { name, groups: ['system:authenticated'] }
      return { outcome: 'authenticated', user, credentialId: `jwt:${name}`, authenticator: 'test' }
    },
    authorize: allowWhere(({ user, verb, subresource, name }) => {
      if (user.name === 'reader') return verb === 'get' && subresource === 'proxy' && name === 'p'
      if (user.name === 'monitor') return verb === 'get' && subresource === 'healthz'
      return true
    }),
    admission: {
      mutate: () => undefined,
      validate: ({ operation, object, name }) => {
        if (operation !== 'CONNECT' || object === undefined || !('path' in object)) return
        if (object.path === '/not-admitted') throw forbidden({ group: '', plural: 'pods' }, name, 'no such path')
      },
    },
  })
}

async function createObjects(api: TestServer): Promise<void> {
  await api.create('/api/v1/nodes', { metadata: { name: 'n1' } })
  const pod = async (name: string, ip: string | undefined, port?: number) => {
    const container = { name: 'c', image: 'i', ...(port === undefined ? {} : { ports: [{ containerPort: port }] }) }
    await api.create(`${ns}/pods`, { metadata: { name }, spec: { nodeName: 'n1', containers: [container] } })
    if (ip === undefined) return
    const status = { podIP: ip, podIPs: [{ ip }] }
    const { status: code, text } = await api.request(
      'PATCH',
      `${ns}/pods/${name}/status`,
      { status },
      { 'content-type': 'application/merge-patch+json' },
    )
    assert.equal(code, 200, text)
  }
  await pod('p', '10.0.0.1', 8080)
  await pod('no-port', '10.0.0.2')
  await pod('no-address', undefined, 8080)
  await pod('loopback', '127.0.0.1', 8080)
  await pod('link-local', '169.254.169.254', 8080)
  const service = async (name: string, addresses: readonly object[]) => {
    await api.create(`${ns}/services`, { metadata: { name }, spec: { ports: [{ name: 'web', port: 80, targetPort: 8080 }] } })
    await api.create(`${ns}/endpoints`, { metadata: { name }, subsets: [{ addresses, ports: [{ name: 'web', port: 8080 }] }] })
  }
  const target = { kind: 'Pod', namespace: 'default', name: 'p' }
  await service('s', [{ ip: '10.0.0.1', targetRef: target }])
  await service('no-target', [{ ip: '10.0.0.1' }])
  await service('foreign', [{ ip: '10.0.0.1', targetRef: { ...target, namespace: 'kube-system' } }])
  await service('another-address', [{ ip: '10.9.9.9', targetRef: target }])
  await api.create(`${ns}/services`, { metadata: { name: 'empty' }, spec: { ports: [{ port: 80 }] } })
}
