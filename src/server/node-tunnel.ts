// The connections that nodes opened to this server, and requests that go back through them.
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import { type Duplex, duplexPair } from 'node:stream'
import { type KubeletPath, kubeletRequestPath, nodeRequestPath, type PodRequest } from '../api/node-protocol.ts'
import { badRequest, notFound, serviceUnavailable } from '../api/status.ts'
import { errorCode } from '../base/http2/frames.ts'
import type { Logger } from '../base/log.ts'
import { nodeHttp2 } from '../base/node-http2.ts'
import { NodeStream } from './streams/node-stream.ts'
import { pingSession } from './transport/session-pings.ts'
import { TunnelBudget } from './tunnel-budget.ts'

/** What the node tells of itself. */
export interface KubeletRequest {
  readonly kind: 'kubelet'
  readonly path: KubeletPath
}

export type NodeRequest = PodRequest | KubeletRequest

/** What a node answered. `stream` is the bytes: read only for logs, both ways for the others. */
export interface NodeAnswer {
  readonly status: number
  readonly contentType: string
  readonly stream: Duplex
}

/** A node in this process: a simulated one answers requests without a connection. */
export type NodeHandler = (request: NodeRequest, signal: AbortSignal) => Promise<NodeAnswer>

const pingMs = 15_000
/** A node that does not answer the head of a request in this time counts as gone. */
const answerMs = 30_000

/** Pings between two renewals of a budget: 30 seconds, as for the server's clients. */
const pingsPerBudget = 2

interface Tunnel {
  readonly session: ClientHttp2Session
  readonly budget: TunnelBudget
  close(): void
}

export class NodeTunnels {
  readonly #tunnels = new Map<string, Tunnel>()
  readonly #handlers = new Map<string, NodeHandler>()
  readonly #log: Logger
  readonly #knows: (nodeName: string) => boolean

  /** `knows` tells whether there is a Node of this name: the error for one that is gone differs from that for one that cannot be reached. */
  constructor(log: Logger, knows: (nodeName: string) => boolean = () => true) {
    this.#log = log
    this.#knows = knows
  }

  /** The nodes that can be reached now. */
  get nodes(): readonly string[] {
    return [...new Set([...this.#tunnels.keys(), ...this.#handlers.keys()])]
  }

  /**
   * Takes over an upgraded socket whose other side speaks as an HTTP/2 server. A node that connects again replaces its older tunnel, in which
   * what was begun goes on: a node opens another one when its certificate is renewed. A dead one is found by its pings.
   */
  accept(nodeName: string, socket: Duplex): void {
    const budget = new TunnelBudget()
    const failed = (err: unknown) => this.#log.info('node tunnel failed', { node: nodeName, err })
    const session = nodeHttp2().connect('http://node.invalid', { createConnection: () => detached(socket, budget, failed) })
    let pings = 0
    const each = () => {
      if (++pings % pingsPerBudget === 0) budget.renew()
    }
    const stopPings = pingSession(session, pingMs, { each })
    const tunnel: Tunnel = { session, budget, close: () => session.destroy() }
    session.on('error', failed)
    session.once('close', () => {
      stopPings()
      socket.destroy()
      if (this.#tunnels.get(nodeName) === tunnel) {
        this.#tunnels.delete(nodeName)
        this.#log.info('node tunnel closed', { node: nodeName })
      }
    })
    const older = this.#tunnels.get(nodeName)
    this.#tunnels.set(nodeName, tunnel)
    older?.session.close()
    this.#log.info('node tunnel opened', { node: nodeName })
  }

  /** Returns what removes it again. */
  register(nodeName: string, handler: NodeHandler): () => void {
    this.#handlers.set(nodeName, handler)
    return () => {
      if (this.#handlers.get(nodeName) === handler) this.#handlers.delete(nodeName)
    }
  }

  /** Resolves with the head of the answer. Throws a 404 for a node that is no more, a 503 where it cannot be reached. Aborting ends the exchange. */
  async requestNode(nodeName: string, request: NodeRequest, signal: AbortSignal): Promise<NodeAnswer> {
    const handler = this.#handlers.get(nodeName)
    if (handler) return handler(request, signal)
    const tunnel = this.#tunnels.get(nodeName)
    if (tunnel === undefined || tunnel.session.destroyed) throw this.#unreachable(nodeName)
    const path = request.kind === 'kubelet' ? kubeletRequestPath(request.path) : nodeRequestPath(request)
    tunnel.budget.requested()
    const isRead = request.kind === 'logs' || request.kind === 'kubelet'
    const stream = tunnel.session.request({ ':method': isRead ? 'GET' : 'POST', ':path': path }, { endStream: isRead, signal })
    return await answerOf(stream, () => this.#unreachable(nodeName))
  }

  #unreachable(nodeName: string): Error {
    if (nodeName === '') return badRequest('the pod is not scheduled to a node')
    if (!this.#knows(nodeName)) return notFound({ group: '', plural: 'nodes' }, nodeName)
    return serviceUnavailable(`error dialing backend: node ${JSON.stringify(nodeName)} has no open tunnel to this API server`)
  }

  /** Closes all tunnels: the nodes dial again. */
  close(): void {
    for (const tunnel of this.#tunnels.values()) tunnel.close()
    this.#handlers.clear()
  }
}

/**
 * Node's HTTP/2 takes over the native handle of a socket, and aborts the whole process where a write from before is still under way (the 101 of
 * the upgrade). A pair of streams keeps the handle out of its reach. What the node sends beyond its budget does not get there, and ends the socket.
 */
function detached(socket: Duplex, budget: TunnelBudget, failed: (err: unknown) => void): Duplex {
  const [near, far] = duplexPair()
  socket.on('data', (bytes: Buffer) => {
    try {
      budget.received(bytes)
    } catch (err) {
      failed(err)
      socket.unpipe(far)
      socket.destroy()
    }
  })
  far.on('data', (bytes: Buffer) => budget.sent(bytes.length))
  socket.pipe(far)
  far.pipe(socket)
  socket.once('close', () => near.destroy())
  socket.on('error', err => near.destroy(err))
  far.on('error', () => socket.destroy())
  return near
}

function answerOf(stream: ClientHttp2Stream, unreachable: () => Error): Promise<NodeAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<NodeAnswer>()
  const timer = setTimeout(() => {
    stream.close(errorCode.cancel)
    reject(unreachable())
  }, answerMs)
  stream.once('response', headers => {
    clearTimeout(timer)
    resolve({
      status: Number(headers[':status'] ?? 500),
      contentType: headers['content-type'] ?? 'application/octet-stream',
      stream: new NodeStream(stream),
    })
  })
  stream.once('error', err => {
    clearTimeout(timer)
    reject(err)
  })
  stream.once('close', () => {
    clearTimeout(timer)
    reject(unreachable())
  })
  return promise
}
