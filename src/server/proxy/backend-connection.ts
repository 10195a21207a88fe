// A connection to a port of a pod: dialled by its node, with TLS inside where it is asked for.
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { writeNodeQuery } from '../../api/node-query.ts'
import { type ApiError, serviceUnavailable } from '../../api/status.ts'
import { messageOf } from '../../base/user-error.ts'
import { certificateFault, serverTrust } from '../http/server-trust.ts'
import type { ProxyTarget } from './proxy-target.ts'
import { nodeRefusal } from './tunnel/node-refusal.ts'
import type { NodeTunnels } from './tunnel/node-tunnel.ts'

export interface BackendTls {
  /** PEM of the authorities that may have signed a pod's certificate; undefined for those that the system trusts. */
  readonly authorities: string | undefined
  /** What the server shows for itself; default: nothing. */
  readonly client?: { readonly cert: string; readonly key: string }
  /** Upstream never verifies. */
  readonly verify: boolean
}

const handshakeMs = 10_000

export const unreachable = (why: string): ApiError => serviceUnavailable(`error trying to reach service: ${why}`)

/** Throws upstream's 503 where nobody answers, and the node's own refusal where it says why it does not dial. */
export async function connectBackend(tunnels: NodeTunnels, target: ProxyTarget, tls: BackendTls, signal: AbortSignal): Promise<Duplex> {
  const { pod, port } = target
  const { namespace = '', name = '', uid = '' } = pod.metadata
  const request = { kind: 'dial' as const, pod: { namespace, name, uid }, container: '', query: writeNodeQuery('dial', { port }) }
  const node = await tunnels.requestNode(pod.spec.nodeName ?? '', request, signal)
  // Whoever reads the stream is told by the read; without a listener the error would end the process.
  node.stream.on('error', () => undefined)
  if (node.status !== 200) {
    const refusal = await nodeRefusal(node.status, node.stream)
    throw refusal.status.code === 503 ? unreachable(refusal.message) : refusal
  }
  return target.tls ? await secured(node.stream, target, tls, signal) : node.stream
}

/** TLS over a connection. Throws upstream's 503 where the other side has not the certificate that is wanted; the connection is closed then. */
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
    // Without a name that fits there is nothing to verify; `verify` is false only where the caller or the profile says so.
    rejectUnauthorized: verify,
    ...(/[a-z]/i.test(serverName) && !serverName.includes(':') ? { servername: serverName } : { host: serverName }),
    ALPNProtocols: ['http/1.1'],
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const abort = () => reject(new Error(`TLS handshake with ${host} timed out`))
  limit.addEventListener('abort', abort, { once: true })
  socket.once('secureConnect', resolve)
  // It stays: an error without a listener would end the process.
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
