// exec, attach and portforward: from an upgraded connection of a client to the node's stream.
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { apiError, badRequest, internalError, notFound } from '../../api/status.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { Clock } from '../../base/clock.ts'
import { header, type Reply, type UpgradedConnection } from '../exchange.ts'
import type { NodeTunnels } from '../node-tunnel.ts'
import type { ResourceContext } from '../request-context.ts'
import type { StreamPod } from '../subresources/pod-streams.ts'
import type { WriteParts } from '../write-parts.ts'
import { commandProtocols, translateCommand, tunnelBytes } from './remote-command.ts'

type Kind = Parameters<StreamPod>[1]

const spdyProtocol = { exec: 'v4.channel.k8s.io', attach: 'v4.channel.k8s.io', portforward: 'portforward.k8s.io' } as const
/** A client whose machine is gone is noticed after this long and nine probes. */
const keepAliveMs = 30_000
/** How long a client may take to read the last bytes and close its side. */
const lingerMs = 30_000

const optionKinds = { exec: 'PodExecOptions', attach: 'PodAttachOptions', portforward: 'PodPortForwardOptions' } as const

export interface StreamPodParts {
  readonly writeParts: WriteParts
  readonly tunnels: NodeTunnels
  readonly clock: Clock
}

/** The node is asked before the client gets its 101, so that a refusal is an ordinary Status and no connection stays open (CVE-2018-1002105). */
export function createStreamPod({ writeParts, tunnels, clock }: StreamPodParts): StreamPod {
  return async (context, kind) => {
    const { served, info, query, request } = context
    await admit(writeParts, context, kind)
    const entry = served.collection.get(info.namespace, info.name)
    if (entry === undefined) throw notFound(served.named, info.name)
    const pod = entry.object as Pod
    const container = kind === 'portforward' ? '' : streamContainer(pod, query.get('container'))
    if (!pod.spec?.nodeName) throw badRequest(`pod ${info.name} does not have a host assigned`)
    const protocol = negotiate(context, kind)
    const ended = new AbortController()
    const signal = AbortSignal.any([request.signal, ended.signal])
    const node = await tunnels.requestNode(
      pod.spec.nodeName,
      { kind, pod: { namespace: info.namespace, name: info.name, uid: pod.metadata.uid ?? '' }, container, query: query.raw },
      signal,
    )
    // Whoever reads the stream is told by the read; without a listener the error would end the process.
    node.stream.on('error', () => undefined)
    if (node.status !== 200) return await refusal(node.status, node.stream)
    const upgrade = async (connection: UpgradedConnection) => {
      if (connection.socket instanceof Socket) connection.socket.setKeepAlive(true, keepAliveMs)
      try {
        if (request.upgrade === 'websocket') await overWebSocket(connection, node.stream, protocol, kind, context)
        else await overSpdy(connection, node.stream, protocol, clock)
      } finally {
        ended.abort(new Error('the stream is over'))
        node.stream.destroy()
      }
    }
    return { status: 101, contentType: '', body: Buffer.alloc(0), longRunning: true, upgrade }
  }
}

function streamContainer(pod: Pod, wanted: string | undefined): string {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {}
  const name = pod.metadata.name ?? ''
  if (!wanted) {
    const [only] = containers
    if (only && containers.length === 1) return only.name
    throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${containers.map(one => one.name).join(' ')}]`)
  }
  if ([...containers, ...initContainers, ...ephemeralContainers].some(one => one.name === wanted)) return wanted
  throw badRequest(`container ${wanted} is not valid for pod ${name}`)
}

/** The protocol that both sides know. Throws the 400 or 403 of upstream. */
function negotiate({ request }: ResourceContext, kind: Kind): string {
  const list = (name: string) =>
    (header(request.headers, name) ?? '')
      .split(',')
      .map(one => one.trim())
      .filter(Boolean)
  if (request.upgrade === 'websocket') {
    const known: readonly string[] = kind === 'portforward' ? ['SPDY/3.1+portforward.k8s.io'] : commandProtocols
    const offered = list('sec-websocket-protocol')
    const chosen = known.find(one => offered.includes(one))
    if (chosen === undefined)
      throw badRequest(`unable to upgrade: none of the offered WebSocket protocols is supported: ${offered.join(', ')}`)
    return chosen
  }
  if (request.upgrade !== 'spdy/3.1') throw badRequest('Upgrade request required')
  const offered = list('x-stream-protocol-version')
  if (offered.includes(spdyProtocol[kind])) return spdyProtocol[kind]
  if (kind === 'portforward' && offered.length === 0) return spdyProtocol[kind]
  throw apiError(
    403,
    'Forbidden',
    `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${spdyProtocol[kind]}]`,
  )
}

/** Before anything is looked up, as upstream: the answer to whom admission refuses says nothing of the pod. The options are the client's own words. */
async function admit({ admission }: WriteParts, context: ResourceContext, kind: Kind): Promise<void> {
  const { served, info, query, user, request } = context
  const options = {
    apiVersion: 'v1',
    kind: optionKinds[kind],
    metadata: {},
    ...(kind === 'portforward'
      ? { ports: query.all('ports').map(Number) }
      : {
          container: query.get('container') ?? '',
          stdin: query.flag('stdin'),
          stdout: query.flag('stdout'),
          stderr: query.flag('stderr'),
          tty: query.flag('tty'),
        }),
    ...(kind === 'exec' ? { command: [...query.all('command')] } : {}),
  }
  const asked = {
    operation: 'CONNECT' as const,
    resource: served.definition,
    subresource: kind,
    namespace: info.namespace,
    name: info.name,
    object: options,
    oldObject: undefined,
    user,
    dryRun: false,
    warn: context.warn,
    annotate: context.annotate,
  }
  await admission.mutate(asked, request.signal)
  await admission.validate(asked, request.signal)
}

/** The node's refusal as the client gets it. */
async function refusal(status: number, stream: Duplex): Promise<Reply> {
  // Only an error of the node is passed on: neither a redirect (CVE-2018-1002102, CVE-2020-8559) nor another success.
  if (status < 400 || status > 599) {
    stream.destroy()
    throw internalError(`invalid upgrade response: status code ${status}`)
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.length
    if (bytes > 65_536) break
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  if (!isStatus(body)) throw internalError(`unable to upgrade connection: the node answered ${status}`)
  return { status, contentType: 'application/json', body }
}

function isStatus(body: Buffer): boolean {
  try {
    const parsed: unknown = JSON.parse(body.toString())
    return typeof parsed === 'object' && parsed !== null && 'kind' in parsed && parsed.kind === 'Status'
  } catch {
    return false
  }
}

async function overWebSocket(
  { message, socket, head }: UpgradedConnection,
  node: Duplex,
  protocol: string,
  kind: Kind,
  { query }: ResourceContext,
): Promise<void> {
  const server = new WebSocketServer({ noServer: true, handleProtocols: () => protocol, perMessageDeflate: false, maxPayload: 1 << 25 })
  if (kind === 'portforward') {
    // The library refuses names with a slash, as the RFC asks, and Kubernetes has one: it is negotiated past the library.
    delete message.headers['sec-websocket-protocol']
    server.on('headers', headers => headers.push(`Sec-WebSocket-Protocol: ${protocol}`))
  }
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>()
  // A malformed handshake is answered by the library, which closes the socket.
  socket.once('close', () => reject(new Error('the client is gone')))
  server.handleUpgrade(message, socket, head, resolve)
  const client = await promise
  if (kind === 'portforward') return await tunnelBytes(client, node)
  const flag = (name: string) => query.flag(name)
  await translateCommand(client, node, { stdin: flag('stdin'), stdout: flag('stdout'), stderr: flag('stderr'), tty: flag('tty') })
}

/** The client speaks SPDY itself: bytes both ways until one side ends. Resolves when the client's socket is closed. */
async function overSpdy({ socket, head }: UpgradedConnection, node: Duplex, protocol: string, clock: Clock): Promise<void> {
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  )
  if (head.length > 0) node.write(head)
  const over = new AbortController()
  const closed = new Promise<void>(resolve => {
    socket.once('close', () => {
      over.abort(new Error('the connection is closed'))
      node.destroy()
      resolve()
    })
  })
  node.once('close', () => {
    socket.end()
    // Read on, so that the client's own end is seen: a socket closed with unread bytes is reset, and the client may lose the last ones sent.
    socket.resume()
    // A client that neither reads nor closes must not keep the connection half open.
    clock.sleep(lingerMs, over.signal).then(
      () => socket.destroy(),
      () => undefined, // closed by itself
    )
  })
  // The runtime's end does not wait for the client's.
  node.once('end', () => node.destroy())
  socket.pipe(node)
  node.pipe(socket)
  await closed
}
