// The parts of a joined machine: the node agent, and the DNS part beside it.
import { systemClock } from '../../base/clock.ts'
import type { DnsSettings } from '../parts/dns.ts'
import type { NodeSettings } from '../parts/node.ts'
import { clusterDnsPort, clusterDomain, podCidr } from '../up/addresses.ts'
import type { DataDirectory } from '../up/data-directory.ts'
import { part } from '../up/part-definitions.ts'
import type { PartDefinition } from '../up/supervisor.ts'
import type { ClusterSettings } from './cluster-settings.ts'
import type { JoinedCluster } from './joined-cluster.ts'

export interface JoinPartsInput {
  readonly joined: JoinedCluster
  readonly directory: DataDirectory
  readonly evictionHard: Readonly<Record<string, number>>
  /** User of the DNS part. */
  readonly dnsUser: number | undefined
  readonly settings: ClusterSettings
  /** Available once the node is registered. */
  dnsToken(): Promise<string>
}

export interface JoinParts {
  readonly node: PartDefinition
  readonly dns: PartDefinition
}

export function joinParts({ joined, directory, evictionHard, dnsUser, settings, dnsToken }: JoinPartsInput): JoinParts {
  const { server, ca, nodeName } = joined
  const nodeSettings: NodeSettings = {
    ...{ server, ca, directory: directory.node, simulated: false },
    ...{ podCidr, ...settings, dnsPort: clusterDnsPort, clusterDomain, evictionHard },
    // The node has its certificate: the ticket was used for it.
    tickets: [{ node: nodeName }],
  }
  const node = part('node', directory.node, undefined, ['--max-semi-space-size=2'], nodeSettings, 60_000)
  const dnsSettings = async (): Promise<DnsSettings> => ({
    ...{ server, ca, identity: { token: await dnsToken() } },
    ...{ address: settings.clusterDnsIp, port: clusterDnsPort, clusterDomain },
  })
  const cleanUp = async () => {
    const { cleanUpMachine } = await import('../../cluster/nodes/machine-clean-up.ts')
    await cleanUpMachine({ directory: directory.node, podCidr, ...settings }, systemClock, AbortSignal.timeout(node.stopTimeoutMs))
  }
  return { node: { ...node, cleanUp }, dns: part('dns', directory.dns, dnsUser, ['--max-semi-space-size=1'], dnsSettings) }
}
