// A simulated node that joins like a real one: ticket, certificate, tunnel.
import type { Clock } from '../../base/clock.ts'
import type { Secret } from '../../base/config/secret.ts'
import type { Logger } from '../../base/log.ts'
import { Client } from '../../client/client.ts'
import { followServers, knownServers } from '../../node/registration/follow-servers.ts'
import { StoredIdentity } from '../../node/registration/node-identity.ts'
import { runSimulatedNode } from '../../node/simulated-node.ts'
import { runTunnels } from '../../node/streams/tunnels.ts'

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
  const { server, ca, nodeName, pki, clock, log, random, onReady } = options
  const servers = await knownServers(server, pki)
  await using identity = await StoredIdentity.open({ ...options, servers, userAgent: 'bulkhead-simulated-node' }, signal)
  let tunnel: Promise<void> = Promise.resolve()
  await Promise.all([
    runSimulatedNode(
      {
        ...{ transport: identity.transport, name: nodeName, clock, log, random, registryHosts: options.registryHosts ?? [] },
        onReady: ({ requests }) => {
          tunnel = runTunnels({ servers, ca, identity, nodeName, requests, clock, log, random }, signal)
          onReady()
        },
      },
      signal,
    ),
    identity.keepRenewed(signal),
    followServers({ client: new Client(identity.transport), servers, folder: pki, clock, log }, signal),
  ])
  await tunnel
}
