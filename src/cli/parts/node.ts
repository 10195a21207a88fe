// The process of the node: the agent of this machine as root, or any number of simulated nodes.
import { systemClock } from '../../base/clock.ts'
import { Secret } from '../../base/config/secret.ts'
import type { Logger } from '../../base/log.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { runMachineNode } from '../../cluster/nodes/machine-node.ts'
import { runTunneledSimulatedNode } from '../../cluster/nodes/tunneled-simulated-node.ts'
import type { RegistryEndpoint } from '../../node/machine/registry-hosts.ts'
import { type PartContext, runPart } from './part-process.ts'

export interface NodeTicket {
  readonly node: string
  /** The bearer token. It goes to the node agent over the private channel and is used once. A joined node has its certificate already. */
  readonly token?: string
}

export interface NodeSettings {
  readonly server: string
  readonly ca: string
  readonly directory: string
  readonly simulated: boolean
  readonly podCidr: string
  readonly serviceCidr: string
  readonly clusterDnsIp: string
  readonly dnsPort: number
  readonly clusterDomain: string
  readonly evictionHard: Readonly<Record<string, number>>
  /** Undefined if the cluster has no registry of its own. */
  readonly registry: RegistryEndpoint | undefined
  readonly tickets: readonly NodeTicket[]
}

export const nodePart = (): Promise<void> => runPart<NodeSettings>('node', runNodes)

async function runNodes({ settings, log, signal, ready }: PartContext<NodeSettings>): Promise<void> {
  const nodes = settings.tickets.map(({ node, token }) => ({ node, ticket: token === undefined ? undefined : new Secret(token) }))
  let waiting = nodes.length
  const onReady = () => {
    waiting--
    if (waiting === 0) ready({ nodes: nodes.map(({ node }) => node) })
  }
  await Promise.all(nodes.map(({ node, ticket }) => runOne(settings, node, ticket, log, signal, onReady)))
}

async function runOne(
  settings: NodeSettings,
  nodeName: string,
  ticket: Secret | undefined,
  log: Logger,
  signal: AbortSignal,
  onReady: () => void,
): Promise<void> {
  const { server, ca, directory, clusterDomain } = settings
  const shared = {
    ...{ server, ca, nodeName, clock: systemClock, log: log.with({ node: nodeName }), random: Math.random, onReady },
    ...(ticket === undefined ? {} : { ticket }),
  }
  try {
    const { registry, ...others } = settings
    const registryHosts = registry?.hosts ?? []
    if (settings.simulated)
      return await runTunneledSimulatedNode({ ...shared, registryHosts, pki: `${directory}/simulated/${nodeName}` }, signal)
    const cluster = { servers: [settings.clusterDnsIp], domain: clusterDomain }
    await runMachineNode({ ...shared, ...others, ...(registry === undefined ? {} : { registry }), cluster }, signal)
  } catch (err) {
    if (signal.aborted) return
    if (err instanceof UserError) throw err
    log.error('node failed', { node: nodeName, err })
    throw new UserError(`The node "${nodeName}" cannot run: ${messageOf(err)}`, { cause: err })
  }
}
