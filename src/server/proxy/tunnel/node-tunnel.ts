// The connections that nodes opened to this server, and requests that go back through them.
import { timingSafeEqual } from 'node:crypto'
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import { type Duplex, duplexPair } from 'node:stream'
import { type KubeletPath, kubeletRequestPath, nodeRequestPath, type PodRequest } from '../../../api/node-protocol.ts'
import { apiError, badRequest, notFound, serviceUnavailable } from '../../../api/status.ts'
import type { Logger } from '../../../base/log.ts'
import { nodeHttp2 } from '../../../base/node-http2.ts'
import { errorCode } from '../../http2/wire/frames.ts'
import { NodeStream } from './node-stream.ts'
import { answersPing, pingSession } from './session-pings.ts'
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
/** An open tunnel that does not answer a ping in this time gives way to another one of its node. */
export const tunnelPingMs = 5_000
/** For so long after a ping the tunnel counts as one that answers. */
const answeredMs = 1_000

/** Pings between two renewals of a budget: 30 seconds, as for the server's clients. */
const pingsPerBudget = 2

interface Tunnel {
  readonly session: ClientHttp2Session
  readonly budget: TunnelBudget
  /** Only the server and the process at the other end of this tunnel know it; a copy of the node's certificate does not contain it. */
  readonly key: string
  /** One ping for all who ask within a second: answers count for the node's budget. */
  pinged: Promise<boolean> | undefined
  close(): void
}

/** Who tried to open a second tunnel of a node. */
export interface RefusedTunnel {
  readonly nodeName: string
  readonly remoteAddress: string
  /** As audit events name it. */
  readonly credential: string
}

export class NodeTunnels {
  readonly #tunnels = new Map<string, Tunnel>()
  readonly #handlers = new Map<string, NodeHandler>()
  readonly #log: Logger
  readonly #knows: (nodeName: string) => boolean
  #onRefused: (refused: RefusedTunnel) => void = () => undefined

  /** `knows` tells whether there is a Node of this name: the error for one that is gone differs from that for one that cannot be reached. */
  constructor(log: Logger, knows: (nodeName: string) => boolean = () => true) {
    this.#log = log
    this.#knows = knows
  }

  /** The nodes that can be reached now. */
  get nodes(): readonly string[] {
    return [...new Set([...this.#tunnels.keys(), ...this.#handlers.keys()])]
  }

  /** Calls the listener for each tunnel that `ensureFree` refuses. */
  onRefused(listener: (refused: RefusedTunnel) => void): void {
    this.#onRefused = listener
  }

  /**
   * Resolves where the node may open a tunnel: it has none, the one that it has does not answer, or `replaces` is the key of that one. Rejects with a
   * 409 otherwise: a copied certificate must not take over the tunnel of the node that it was copied from.
   */
  async ensureFree(asked: RefusedTunnel, replaces: string | undefined): Promise<void> {
    const { nodeName } = asked
    for (let open = this.#open(nodeName); open !== undefined && !isKeyOf(open, replaces); open = this.#open(nodeName)) {
      const answers = await pinged(open)
      if (!answers) {
        this.#log.info('node tunnel does not answer, closing it', { node: nodeName })
        open.close()
        continue
      }
      this.#log.error('second node tunnel refused', { node: nodeName, remoteAddress: asked.remoteAddress, credential: asked.credential })
      this.#onRefused(asked)
      throw apiError(
        409,
        'Conflict',
        `cannot open a second tunnel of node ${JSON.stringify(nodeName)}: the open one answers. A node that renews its certificate sends the key of its open tunnel; another process has to wait until that tunnel is closed`,
        {},
      )
    }
  }

  /**
   * Takes over an upgraded socket whose other side speaks as an HTTP/2 server, and that knows `key`. `replaces` is the key of the open tunnel: what was
   * begun in that one goes on. Where another tunnel was opened since `ensureFree`, the socket is closed.
   */
  accept(nodeName: string, socket: Duplex, key: string, replaces?: string): void {
    const older = this.#open(nodeName)
    if (older !== undefined && !isKeyOf(older, replaces)) {
      this.#log.info('node tunnel closed, another one was opened meanwhile', { node: nodeName })
      socket.destroy()
      return
    }
    const budget = new TunnelBudget()
    const failed = (err: unknown) => this.#log.info('node tunnel failed', { node: nodeName, err })
    const session = nodeHttp2().connect('http://node.invalid', { createConnection: () => detached(socket, budget, failed) })
    let pings = 0
    const each = () => {
      if (++pings % pingsPerBudget === 0) budget.renew()
    }
    const stopPings = pingSession(session, pingMs, { each })
    const tunnel: Tunnel = { session, budget, key, pinged: undefined, close: () => session.destroy() }
    session.on('error', failed)
    session.once('close', () => {
      stopPings()
      socket.destroy()
      if (this.#tunnels.get(nodeName) === tunnel) {
        this.#tunnels.delete(nodeName)
        this.#log.info('node tunnel closed', { node: nodeName })
      }
    })
    this.#tunnels.set(nodeName, tunnel)
    older?.session.close()
    this.#log.info('node tunnel opened', { node: nodeName })
  }

  #open(nodeName: string): Tunnel | undefined {
    const tunnel = this.#tunnels.get(nodeName)
    return tunnel === undefined || tunnel.session.destroyed || tunnel.session.closed ? undefined : tunnel
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

function pinged(tunnel: Tunnel): Promise<boolean> {
  if (tunnel.pinged === undefined) {
    tunnel.pinged = answersPing(tunnel.session, tunnelPingMs)
    const forget = () => {
      tunnel.pinged = undefined
    }
    void tunnel.pinged.then(() => setTimeout(forget, answeredMs).unref())
  }
  return tunnel.pinged
}

/** The comparison takes the same time however much of it is right. */
function isKeyOf({ key }: Tunnel, shown: string | undefined): boolean {
  return shown !== undefined && shown.length === key.length && timingSafeEqual(Buffer.from(shown, 'latin1'), Buffer.from(key, 'latin1'))
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
