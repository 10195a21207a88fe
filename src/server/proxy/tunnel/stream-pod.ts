// exec, attach and portforward: connects an upgraded connection of a client to the node's stream.
import type { Duplex } from 'node:stream'
import { writeNodeQuery } from '../../../api/nodes/node-query.ts'
import { apiError, badRequest, notFound } from '../../../api/status.ts'
import type { Pod } from '../../../api/types/core-v1.ts'
import type { Clock } from '../../../base/clock.ts'
import { header, type Reply, type UpgradedConnection } from '../../http/exchange.ts'
import { chooseProtocol } from '../../http/offered-protocols.ts'
import { admitConnection } from '../../objects/connect-admission.ts'
import type { WriteParts } from '../../objects/write-parts.ts'
import { chosenContainer } from '../../request/chosen-container.ts'
import type { ResourceContext } from '../../request/request-context.ts'
import { acceptWebSocket } from '../streams/accept-web-socket.ts'
import { carryUpgraded } from '../streams/carry-upgraded.ts'
import { portProtocols, requireChannels, translatePorts, tunnelBytes, tunnelProtocol } from '../streams/forwarded-ports.ts'
import type { CheckOrigin } from '../streams/own-origin.ts'
import { commandProtocols, translateCommand } from '../streams/remote-command.ts'
import type { StreamMemory, StreamShare } from '../streams/stream-memory.ts'
import { requestedOptions, type StreamOptions, streamOptions } from '../streams/stream-options.ts'
import { nodeRefusal } from './node-refusal.ts'
import type { NodeTunnels } from './node-tunnel.ts'

/** Handles an authorized stream request; resolves with the upgrade or with an error response. */
export type StreamPod = (context: ResourceContext, kind: Kind) => Promise<Reply>

type Kind = 'exec' | 'attach' | 'portforward'

const spdyProtocol = { exec: 'v4.channel.k8s.io', attach: 'v4.channel.k8s.io', portforward: 'portforward.k8s.io' } as const

/** Limit of one message of a WebSocket; clients copy in pieces of 32 KiB. */
const maxMessageBytes = 1 << 18

const optionKinds = { exec: 'PodExecOptions', attach: 'PodAttachOptions', portforward: 'PodPortForwardOptions' } as const

export interface StreamPodParts {
  readonly writeParts: WriteParts
  readonly tunnels: NodeTunnels
  readonly clock: Clock
  readonly checkOrigin: CheckOrigin
  readonly memory: StreamMemory
}

/** Calls the node before the client gets its 101, so that a refusal is an ordinary Status and no connection stays open (CVE-2018-1002105). */
export function createStreamPod({ writeParts, tunnels, clock, checkOrigin, memory }: StreamPodParts): StreamPod {
  return async (context, kind) => {
    const { served, info, query, request } = context
    const admitted = await admitConnection(writeParts.admission, context, optionKinds[kind], requestedOptions(query, kind))
    const options = streamOptions(admitted, kind)
    const entry = served.collection.get(info.namespace, info.name)
    if (entry === undefined) throw notFound(served.named, info.name)
    const pod = entry.object as Pod
    const container = kind === 'portforward' ? '' : chosenContainer(pod, options.container)
    if (!pod.spec?.nodeName) throw badRequest(`pod ${info.name} does not have a host assigned`)
    const protocol = negotiate(context, kind, checkOrigin)
    // Before the call to the node, so that a client with invalid ports gets an ordinary Status.
    const isChanneled = kind === 'portforward' && request.upgrade === 'websocket' && protocol !== tunnelProtocol
    const ports = isChanneled ? requireChannels(options.ports) : undefined
    const ended = new AbortController()
    const signal = AbortSignal.any([request.signal, ended.signal])
    const node = await tunnels.requestNode(
      pod.spec.nodeName,
      {
        kind,
        pod: { namespace: info.namespace, name: info.name, uid: pod.metadata.uid ?? '' },
        container,
        query: writeNodeQuery(kind, options),
      },
      signal,
    )
    // Readers get the error from their read; without a listener it would end the process.
    node.stream.on('error', () => undefined)
    if (node.status !== 200) throw await nodeRefusal(node.status, node.stream)
    const free = () => {
      ended.abort(new Error('the stream is over'))
      node.stream.destroy()
    }
    const upgrade = async (connection: UpgradedConnection) => {
      try {
        if (request.upgrade === 'websocket')
          await overWebSocket(connection, node.stream, { protocol, kind, options, ports, share: memory.open(context.user, info.namespace) })
        else await overSpdy(connection, node.stream, protocol, clock)
      } finally {
        free()
      }
    }
    return { status: 101, contentType: '', body: Buffer.alloc(0), longRunning: true, upgrade, free }
  }
}

/** The protocol that both sides support. Throws upstream's 400 or 403. */
function negotiate({ request }: ResourceContext, kind: Kind, checkOrigin: CheckOrigin): string {
  const list = (name: string) =>
    (header(request.headers, name) ?? '')
      .split(',')
      .map(one => one.trim())
      .filter(Boolean)
  if (request.upgrade === 'websocket') {
    checkOrigin(request)
    return chooseProtocol(request.headers, kind === 'portforward' ? portProtocols : commandProtocols)
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

interface WebSocketPlan {
  readonly protocol: string
  readonly kind: Kind
  readonly options: StreamOptions
  /** Ports with their own channels; undefined if there are none. */
  readonly ports: readonly number[] | undefined
  readonly share: StreamShare
}

async function overWebSocket(connection: UpgradedConnection, node: Duplex, plan: WebSocketPlan): Promise<void> {
  const { protocol, kind, options, ports, share } = plan
  const client = await acceptWebSocket(connection, { protocol, maxMessageBytes, share })
  if (ports !== undefined) return await translatePorts(client, share, node, ports)
  if (kind === 'portforward') return await tunnelBytes(client, share, node)
  await translateCommand(client, share, node, options)
}

/** For clients that speak SPDY. Resolves when the client's socket is closed. */
async function overSpdy(connection: UpgradedConnection, node: Duplex, protocol: string, clock: Clock): Promise<void> {
  connection.socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  )
  await carryUpgraded(connection, node, clock)
}
