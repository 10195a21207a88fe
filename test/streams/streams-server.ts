// An API server on a TLS port with one node n1, whose agent is a fake, and a pod there; clients that upgrade their connections.

import { once } from 'node:events'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { WebSocket } from 'ws'
import type { Credentials } from '../../src/access/access.ts'
import { createDenyList, type DenyList } from '../../src/access/revocation.ts'
import { forbidden } from '../../src/api/status.ts'
import { SteppedClock } from '../../src/cluster/tests/secured-api.testing.ts'
import { type HttpHead, readHttpHead } from '../../src/node/streams/http-head.ts'
import { allowWhere } from '../../src/server/testing.ts'
import { ListeningServer } from '../server/listening-server.ts'
import { FakeNodeAgent, SpdyRuntime } from './fake-node-agent.ts'

export const podPath = '/api/v1/namespaces/default/pods/p'

export interface Refusal {
  readonly status: number
  readonly body: string
}

export class StreamsServer implements AsyncDisposable {
  readonly server: ListeningServer
  readonly agent: FakeNodeAgent
  readonly clock: SteppedClock
  readonly denyList: DenyList
  readonly #sockets: TLSSocket[] = []

  private constructor(server: ListeningServer, agent: FakeNodeAgent, clock: SteppedClock, denyList: DenyList) {
    this.server = server
    this.agent = agent
    this.clock = clock
    this.denyList = denyList
  }

  /** A bearer token is the user's name. `reader` may only get; admission refuses the command `forbidden`; `shortly` expires after a minute. */
  static async start(): Promise<StreamsServer> {
    const clock = new SteppedClock()
    const denyList = createDenyList()
    const expires = clock.now() + 60_000
    const server = await ListeningServer.start({
      clock,
      denyList,
      authenticate: async (credentials: Credentials) => {
        const name = credentials.authorization?.replace('Bearer ', '')
        if (name === undefined) return { outcome: 'no-opinion' }
        const groups = [...(name.startsWith('system:node:') ? ['system:nodes'] : []), 'system:authenticated']
        const identity = { outcome: 'authenticated', user: { name, groups }, credentialId: `jwt:${name}`, authenticator: 'test' } as const
        return name === 'shortly' ? { ...identity, expires } : identity
      },
      authorize: allowWhere(({ user, verb }) => user.name !== 'reader' || verb === 'get'),
      admission: {
        mutate: () => undefined,
        validate: ({ operation, object, name }) => {
          const command = operation === 'CONNECT' && object !== undefined && 'command' in object ? object.command : []
          if (Array.isArray(command) && command.includes('forbidden'))
            throw forbidden({ group: '', plural: 'pods' }, name, 'no such command')
        },
      },
    })
    await server.api.create('/api/v1/nodes', { metadata: { name: 'n1' } })
    await server.api.create('/api/v1/namespaces/default/pods', {
      metadata: { name: 'p' },
      spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] },
    })
    const agent = await FakeNodeAgent.open(server.url, server.ca, 'n1', 'system:node:n1')
    const started = new StreamsServer(server, agent, clock, denyList)
    await turnsUntil(() => server.api.server.nodeTunnels.nodes.length === 1)
    return started
  }

  /** Rejects with a `Refusal` if the server does not switch protocols. */
  async webSocket(path: string, protocols: string[], user = 'ann'): Promise<WebSocket> {
    const socket = new WebSocket(`${this.server.url.replace('https', 'wss')}${podPath}/${path}`, protocols, {
      ca: this.server.ca,
      headers: { authorization: `Bearer ${user}` },
      perMessageDeflate: false,
    })
    return await new Promise((resolve, reject) => {
      socket.once('open', () => resolve(socket))
      socket.once('error', reject)
      socket.once('unexpected-response', (_request, response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text
        })
        response.on('close', () => reject({ status: response.statusCode ?? 0, body } satisfies Refusal))
      })
    })
  }

  /** Sends a request head as SPDY clients do, with `more` right behind it, and reads the head of the answer. */
  async upgrade(
    path: string,
    { user = 'ann', protocol = 'v4.channel.k8s.io', more = '', upgrade = 'SPDY/3.1', method = 'POST', headers = '' } = {},
  ): Promise<{ readonly head: HttpHead; readonly socket: TLSSocket }> {
    const { hostname, port } = new URL(this.server.url)
    // A client that never closes its own half.
    const options: ConnectionOptions & { allowHalfOpen: boolean } = {
      host: hostname,
      port: Number(port),
      ca: this.server.ca,
      ALPNProtocols: ['http/1.1'],
      allowHalfOpen: true,
    }
    const socket = connect(options)
    this.#sockets.push(socket)
    socket.on('error', () => socket.destroy())
    socket.write(
      `${method} ${path.startsWith('/') ? path : `${podPath}/${path}`} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${user}\r\nConnection: Upgrade\r\n` +
        `Upgrade: ${upgrade}\r\n${protocol === '' ? '' : `X-Stream-Protocol-Version: ${protocol}\r\n`}${headers}\r\n${more}`,
    )
    return { head: await readHttpHead(socket, AbortSignal.timeout(60_000)), socket }
  }

  /** Resolves when audit knows that the request for the path is over. */
  async untilOver(path: string): Promise<void> {
    await turnsUntil(() =>
      this.server.api.events.some(({ requestURI, stage }) => requestURI.includes(path) && stage === 'ResponseComplete'),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.agent[Symbol.dispose]()
    await this.server[Symbol.asyncDispose]()
  }
}

/** Everything up to the other side's end. */
export async function readToEnd(socket: TLSSocket): Promise<string> {
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  await new Promise<void>(resolve => {
    socket.once('end', resolve)
    socket.once('close', () => resolve())
  })
  return text
}

/** Lets the process run until the state is reached; the test's own time limit ends a wait in vain. */
export async function turnsUntil(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setImmediate(resolve))
}

/** Of a test: a stream that never ends fails it. */
export const limit = { timeout: 60_000 }
export const everything = 'stdin=true&stdout=true&stderr=true'
export const commands = `exec?command=cat&${everything}`

/** The Status with which `echo` ends a command. */
export const failedMessage = 'command terminated with exit code 7'
export const failed = `{"status":"Failure","reason":"NonZeroExitCode","message":"${failedMessage}"}`

/** Opens each stream with a runtime that echoes its input in capitals, and ends with the input. */
export function echo(agent: FakeNodeAgent): SpdyRuntime[] {
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
      runtime.finish({ status: 'Failure', reason: 'NonZeroExitCode', message: failedMessage })
    }
  }
  return runtimes
}

/** Every message, and the code of the closure. */
export async function messagesOf(socket: WebSocket): Promise<{ code: number; messages: string[] }> {
  const messages: string[] = []
  socket.on('message', (data: Buffer) => {
    messages.push(data.toString('latin1'))
  })
  const [code] = await once(socket, 'close')
  return { code, messages }
}

export const refusedSocket = async (opening: Promise<WebSocket>): Promise<Refusal> => {
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

export const binary = (channel: number, text: string) => String.fromCharCode(channel) + text
