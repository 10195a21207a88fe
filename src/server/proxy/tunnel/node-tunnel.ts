// The tunnels that nodes open to this server, and the requests to nodes through them.
import { timingSafeEqual } from 'node:crypto'
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import { type Duplex, duplexPair } from 'node:stream'
import { type CsiCallPath, csiTunnelPath } from '../../../api/nodes/csi-call-path.ts'
import { type KubeletPath, kubeletRequestPath, nodeRequestPath, type PodRequest } from '../../../api/nodes/node-protocol.ts'
import { witnessTunnelPath } from '../../../api/nodes/witness-call.ts'
import { apiError, badRequest, notFound, serviceUnavailable } from '../../../api/status.ts'
import type { Logger } from '../../../base/log.ts'
import { nodeHttp2 } from '../../../base/net/node-http2.ts'
import { writeJson } from '../../../base/write-json.ts'
import { errorCode } from '../../http2/wire/frames.ts'
import { NodeStream } from './node-stream.ts'
import { answersPing, pingSession } from './session-pings.ts'
import { TunnelBudget } from './tunnel-budget.ts'

/** What the node reports about itself. */
export interface KubeletRequest {
  readonly kind: 'kubelet'
  readonly path: KubeletPath
}

/** A call of a CSI driver, with the request message as JSON. */
export interface CsiRequestToNode {
  readonly kind: 'csi'
  readonly call: CsiCallPath
  readonly body: Buffer
}

/** A checkpoint of this server's audit log. Only the server itself sends it: no path of the API leads here. */
export interface WitnessRequestToNode {
  readonly kind: 'witness'
  readonly body: Buffer
}

export type NodeRequest = PodRequest | KubeletRequest | CsiRequestToNode | WitnessRequestToNode

/** The response of a node. `stream` carries the bytes: read-only for logs, in both directions for others. */
export interface NodeAnswer {
  readonly status: number
  readonly contentType: string
  readonly stream: Duplex
}

/** A simulated node in this process, which needs no connection. */
export type NodeHandler = (request: NodeRequest, signal: AbortSignal) => Promise<NodeAnswer>

const pingMs = 15_000
/** A node that does not respond to a request within this time counts as gone. */
const answerMs = 30_000
/** An open tunnel that does not answer a PING within this time is replaced by a new one of its node. */
export const tunnelPingMs = 5_000
/** For this long after a PING the tunnel counts as responsive. */
const answeredMs = 1_000

/** PINGs between two renewals of a budget: 30 seconds, as for the server's clients. */
const pingsPerBudget = 2

interface Tunnel {
  readonly session: ClientHttp2Session
  readonly budget: TunnelBudget
  /** A secret of the server and the process at the other end; a copy of the node's certificate does not contain it. */
  readonly key: string
  /** One PING for all checks within a second, because acknowledgements count for the node's budget. */
  pinged: Promise<boolean> | undefined
  close(): void
}

/** The peer that tried to open a second tunnel of a node. */
export interface RefusedTunnel {
  readonly nodeName: string
  readonly remoteAddress: string
  /** As in audit events. */
  readonly credential: string
}

export class NodeTunnels {
  readonly #tunnels = new Map<string, Tunnel>()
  readonly #handlers = new Map<string, NodeHandler>()
  readonly #log: Logger
  readonly #knows: (nodeName: string) => boolean
  #onRefused: (refused: RefusedTunnel) => void = () => undefined

  /** `knows` returns whether a Node of this name exists: the errors of deleted and unreachable nodes differ. */
  constructor(log: Logger, knows: (nodeName: string) => boolean = () => true) {
    this.#log = log
    this.#knows = knows
  }

  /** The reachable nodes. */
  get nodes(): readonly string[] {
    return [...new Set([...this.#tunnels.keys(), ...this.#handlers.keys()])]
  }

  /** Calls the listener for each tunnel that `ensureFree` refuses. */
  onRefused(listener: (refused: RefusedTunnel) => void): void {
    this.#onRefused = listener
  }

  /**
   * Resolves if the node may open a tunnel: it has none, its tunnel does not respond, or `replaces` is the key of its tunnel. Rejects with a
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
        `cannot open a second tunnel of node ${writeJson(nodeName)}: the open one answers. A node that renews its certificate sends the key of its open tunnel; another process has to wait until that tunnel is closed`,
        {},
      )
    }
  }

  /**
   * Takes over an upgraded socket whose peer is an HTTP/2 server and knows `key`. `replaces` is the key of the open tunnel, whose requests
   * continue. Closes the socket if another tunnel was opened since `ensureFree`.
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

  /** Returns a function that removes it. */
  register(nodeName: string, handler: NodeHandler): () => void {
    this.#handlers.set(nodeName, handler)
    return () => {
      if (this.#handlers.get(nodeName) === handler) this.#handlers.delete(nodeName)
    }
  }

  /** Resolves with the head of the response. Throws a 404 for a deleted node, and a 503 if the node cannot be reached. Aborting ends the exchange. */
  async requestNode(nodeName: string, request: NodeRequest, signal: AbortSignal): Promise<NodeAnswer> {
    const handler = this.#handlers.get(nodeName)
    if (handler) return handler(request, signal)
    const tunnel = this.#tunnels.get(nodeName)
    if (tunnel === undefined || tunnel.session.destroyed) throw this.#unreachable(nodeName)
    const path = pathOf(request)
    tunnel.budget.requested()
    const isRead = request.kind === 'logs' || request.kind === 'kubelet'
    const stream = tunnel.session.request({ ':method': isRead ? 'GET' : 'POST', ':path': path }, { endStream: isRead, signal })
    if (request.kind === 'csi' || request.kind === 'witness') stream.end(request.body)
    return await answerOf(stream, () => this.#unreachable(nodeName))
  }

  #unreachable(nodeName: string): Error {
    if (nodeName === '') return badRequest('the pod is not scheduled to a node')
    if (!this.#knows(nodeName)) return notFound({ group: '', plural: 'nodes' }, nodeName)
    return serviceUnavailable(`error dialing backend: node ${writeJson(nodeName)} has no open tunnel to this API server`)
  }

  /** Closes all tunnels; the nodes open new ones. */
  close(): void {
    for (const tunnel of this.#tunnels.values()) tunnel.close()
    this.#handlers.clear()
  }
}

function pathOf(request: NodeRequest): string {
  if (request.kind === 'witness') return witnessTunnelPath
  if (request.kind === 'csi') return csiTunnelPath(request.call)
  return request.kind === 'kubelet' ? kubeletRequestPath(request.path) : nodeRequestPath(request)
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

/** Compares in constant time. */
function isKeyOf({ key }: Tunnel, shown: string | undefined): boolean {
  return shown !== undefined && shown.length === key.length && timingSafeEqual(Buffer.from(shown, 'latin1'), Buffer.from(key, 'latin1'))
}

/**
 * Node's HTTP/2 takes over the native handle of a socket, and aborts the process if an earlier write is still pending (the 101 of
 * the upgrade). A pair of streams hides the handle. If the node exceeds its budget, the bytes are dropped and the socket is closed.
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
