// A simulated node that joins like a real one: ticket, certificate, tunnel.
import type { Clock } from '../../base/clock.ts'
import type { Secret } from '../../base/config/secret.ts'
import type { Logger } from '../../base/log.ts'
import { StoredIdentity } from '../../node/registration/node-identity.ts'
import { runSimulatedNode } from '../../node/simulated-node.ts'
import { runTunnel } from '../../node/streams/tunnel.ts'

export interface TunneledSimulatedNodeOptions {
  readonly server: string
  readonly ca: string
  readonly nodeName: string
  /** The folder of its certificate. */
  readonly pki: string
  readonly ticket?: Secret
  readonly registryHosts?: readonly string[]
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  onReady(): void
}

export async function runTunneledSimulatedNode(options: TunneledSimulatedNodeOptions, signal: AbortSignal): Promise<void> {
  const { server, ca, nodeName, clock, log, random, onReady } = options
  await using identity = await StoredIdentity.open({ ...options, userAgent: 'bulkhead-simulated-node' }, signal)
  let tunnel: Promise<void> = Promise.resolve()
  await Promise.all([
    runSimulatedNode(
      {
        ...{ transport: identity.transport, name: nodeName, clock, log, random, registryHosts: options.registryHosts ?? [] },
        onReady: ({ requests }) => {
          tunnel = runTunnel({ server, ca, identity, nodeName, requests, clock, log, random }, signal)
          onReady()
        },
      },
      signal,
    ),
    identity.keepRenewed(signal),
  ])
  await tunnel
}
