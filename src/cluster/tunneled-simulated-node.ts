// A simulated node that joins as a real one does: ticket, certificate, tunnel.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Secret } from '../base/secret.ts'
import { Client } from '../client/client.ts'
import { createHttpTransport } from '../client/http-transport.ts'
import { type NodeIdentity, readIdentity, requestIdentity } from '../node/join.ts'
import { runSimulatedNode } from '../node/simulated-node.ts'
import { runTunnel } from '../node/tunnel.ts'

export interface TunneledSimulatedNodeOptions {
  readonly server: string
  readonly ca: string
  readonly nodeName: string
  /** The folder of its certificate. */
  readonly pki: string
  readonly ticket: Secret
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  onReady(): void
}

export async function runTunneledSimulatedNode(options: TunneledSimulatedNodeOptions, signal: AbortSignal): Promise<void> {
  const { server, ca, nodeName, pki, clock, log, random, onReady } = options
  const identity = (await readIdentity(pki, nodeName, clock.now())) ?? (await join(options, signal))
  await using transport = createHttpTransport({ server, ca, ...identity, userAgent: 'bulkhead-simulated-node' })
  let tunnel: Promise<void> = Promise.resolve()
  await runSimulatedNode(
    {
      ...{ transport, name: nodeName, clock, log, random },
      onReady: ({ requests }) => {
        tunnel = runTunnel({ server, ca, identity: () => identity, nodeName, requests, clock, log, random }, signal)
        onReady()
      },
    },
    signal,
  )
  await tunnel
}

async function join(
  { server, ca, nodeName, pki, ticket, clock, log }: TunneledSimulatedNodeOptions,
  signal: AbortSignal,
): Promise<NodeIdentity> {
  await using transport = createHttpTransport({ server, ca, token: () => ticket.reveal() })
  return await requestIdentity({ client: new Client(transport), pki, nodeName, clock, log }, signal)
}
