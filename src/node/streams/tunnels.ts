// A tunnel to each API server: any of them may be asked for the logs of a pod of this node.
import type { ServerChoice } from '../../client/transport/server-choice.ts'
import { runTunnel, type TunnelOptions } from './tunnel.ts'

/** Maintains a tunnel to each known server until the signal. */
export async function runTunnels(
  { servers, ...options }: Omit<TunnelOptions, 'server'> & { readonly servers: ServerChoice },
  signal: AbortSignal,
): Promise<void> {
  const running = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>()
  const follow = (): void => {
    if (signal.aborted) return
    for (const [server, { stop }] of running) {
      if (servers.all.includes(server)) continue
      stop.abort(new Error('the server is no longer listed'))
      running.delete(server)
    }
    for (const server of servers.all) {
      if (running.has(server)) continue
      const stop = new AbortController()
      running.set(server, { stop, ended: runTunnel({ ...options, server }, AbortSignal.any([signal, stop.signal])) })
    }
  }
  servers.onChange(follow)
  follow()
  await new Promise<void>(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  await Promise.all([...running.values()].map(({ ended }) => ended))
}
