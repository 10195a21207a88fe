// Opens a TCP connection to a port of a pod of this node, for the API server's proxies.
import { connect, type Socket } from 'node:net'
import { type ApiError, apiError, badRequest, serviceUnavailable } from '../../api/status.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { PodState } from '../pod/pod-state.ts'
import { dialText } from '../probes/probe.ts'

const limitMs = 30_000

/** Throws the 403 of a hostNetwork pod: it has no address of its own, and its port may belong to anything that listens on the node. */
export function requireOwnNetwork({ metadata, spec }: Pod): void {
  if (!spec.hostNetwork) return
  throw apiError(
    403,
    'Forbidden',
    `pod ${metadata.name} is on the host's network: a connection to its ports would reach every port of the node`,
  )
}

/**
 * Uses the current address of the pod's own sandbox: nothing in the API can lead the node elsewhere. Throws a 400 if there is no address, a
 * 503 with Go's text if nothing answers.
 */
export async function dialPod(pod: Pod, state: PodState, port: number, signal: AbortSignal): Promise<Socket> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw badRequest('port: must be between 1 and 65535, inclusive')
  requireOwnNetwork(pod)
  const [address] = state.podIps
  if (state.sandboxes[0]?.state !== 'SANDBOX_READY' || address === undefined) throw badRequest('address not allowed')
  return await dial(address, port, AbortSignal.any([signal, AbortSignal.timeout(limitMs)]))
}

function dial(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  // The pod may end its side while it still reads.
  const socket = connect({ host, port, allowHalfOpen: true })
  const fail = (err: ApiError) => {
    socket.destroy()
    reject(err)
  }
  const abort = () => fail(serviceUnavailable(`dial tcp ${host}:${port}: i/o timeout`))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  // The listener stays: an error without one would end the process, and `close` follows it.
  socket.on('error', err => fail(serviceUnavailable(dialText(err, host, String(port)))))
  socket.once('close', () => signal.removeEventListener('abort', abort))
  socket.once('connect', () => {
    signal.removeEventListener('abort', abort)
    socket.setNoDelay(true)
    resolve(socket)
  })
  return promise
}
