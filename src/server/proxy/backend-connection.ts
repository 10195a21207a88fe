// A connection to a port of a pod: dialled by its node, with TLS inside if requested.
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { writeNodeQuery } from '../../api/nodes/node-query.ts'
import { type ApiError, serviceUnavailable } from '../../api/status.ts'
import { messageOf } from '../../base/user-error.ts'
import { certificateFault, serverTrust } from '../http/server-trust.ts'
import type { ProxyTarget } from './proxy-target.ts'
import { nodeRefusal } from './tunnel/node-refusal.ts'
import type { NodeTunnels } from './tunnel/node-tunnel.ts'

export interface BackendTls {
  /** PEM of the authorities of a pod's certificate; undefined for those of the system. */
  readonly authorities: string | undefined
  /** The client certificate of the server. Default: none. */
  readonly client?: { readonly cert: string; readonly key: string }
  /** Upstream never verifies. */
  readonly verify: boolean
}

const handshakeMs = 10_000

export const unreachable = (why: string): ApiError => serviceUnavailable(`error trying to reach service: ${why}`)

/** Throws upstream's 503 if the node does not respond, and the node's error if it refuses to dial. */
export async function connectBackend(tunnels: NodeTunnels, target: ProxyTarget, tls: BackendTls, signal: AbortSignal): Promise<Duplex> {
  const { pod, port } = target
  const { namespace = '', name = '', uid = '' } = pod.metadata
  const request = { kind: 'dial' as const, pod: { namespace, name, uid }, container: '', query: writeNodeQuery('dial', { port }) }
  const node = await tunnels.requestNode(pod.spec.nodeName ?? '', request, signal)
  // Readers get the error from their read; without a listener it would end the process.
  node.stream.on('error', () => undefined)
  if (node.status !== 200) {
    const refusal = await nodeRefusal(node.status, node.stream)
    throw refusal.status.code === 503 ? unreachable(refusal.message) : refusal
  }
  return target.tls ? await secured(node.stream, target, tls, signal) : node.stream
}

/** TLS over a connection. Throws upstream's 503 if the peer's certificate does not verify, and closes the connection. */
export async function secured(
  stream: Duplex,
  { serverName, host }: Pick<ProxyTarget, 'serverName' | 'host'>,
  { authorities, verify, client }: BackendTls,
  signal: AbortSignal,
): Promise<Duplex> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(handshakeMs)])
  const socket = connectTls({
    socket: stream,
    ...serverTrust(authorities),
    ...client,
    minVersion: 'TLSv1.2',
    // Without a name there is nothing to verify; `verify` is false only if the caller or the profile says so.
    rejectUnauthorized: verify,
    ...(/[a-z]/i.test(serverName) && !serverName.includes(':') ? { servername: serverName } : { host: serverName }),
    ALPNProtocols: ['http/1.1'],
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const abort = () => reject(new Error(`TLS handshake with ${host} timed out`))
  limit.addEventListener('abort', abort, { once: true })
  socket.once('secureConnect', resolve)
  // This listener stays: an error without a listener would end the process.
  socket.on('error', reject)
  socket.once('close', () => reject(new Error('EOF')))
  try {
    await promise
    return socket
  } catch (err) {
    stream.destroy()
    socket.destroy()
    signal.throwIfAborted()
    throw unreachable(certificateFault(err) ?? `tls: ${messageOf(err)}`)
  } finally {
    limit.removeEventListener('abort', abort)
  }
}
