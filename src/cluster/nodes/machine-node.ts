// The real node: the agent with its pod network and the rules for services.
import { addressNumber, holds } from '../../api/addresses/ipv4-range.ts'
import type { ServiceCIDR } from '../../api/types/networking-v1.ts'
import { Informer } from '../../client/cache/informer.ts'
import type { Client } from '../../client/client.ts'
import { endpointSlices, nodes, pods, serviceCidrs, services } from '../../client/resources.ts'
import { claimMachine } from '../../network/claim-machine.ts'
import { createPodNetwork, policyTableName, tableName } from '../../network/pod-network.ts'
import { PolicyKeeper } from '../../network/policy/policy-keeper.ts'
import { ServiceProxy } from '../../network/services/service-proxy.ts'
import { serviceRanges } from '../../network/services/service-ranges.ts'
import { type NodeAgentOptions, runNodeAgent } from '../../node/agent.ts'
import { removeLeftovers } from '../../node/machine/leftovers.ts'
import { type NodeDirectory, nodeDirectory } from '../../node/machine/node-directory.ts'
import { defaultPodCidr } from '../../node/pod/pod-network.ts'

export interface MachineNodeOptions
  extends Omit<NodeAgentOptions, 'network' | 'policies' | 'serviceProblem' | 'isServiceAddress' | 'onReady'> {
  /** Every pod of the cluster. */
  readonly podCidr: string
  readonly serviceCidr: string
  readonly clusterDnsIp: string
  readonly dnsPort: number
  /** The node is Ready and its service rules are in the kernel. */
  onReady(): void
}

export async function runMachineNode(options: MachineNodeOptions, signal: AbortSignal): Promise<void> {
  const { directory, serviceCidr, clusterDnsIp, onReady } = options
  const { id } = nodeDirectory(directory)
  await using _claim = await claimMachine()
  await removeLeftovers(id, options.log, options.clock, signal)
  const work = new AbortController()
  const working = AbortSignal.any([signal, work.signal])
  let proxy: Promise<void> = Promise.resolve()
  let cidrs: Informer<ServiceCIDR> | undefined
  let serviceRules: ServiceProxy | undefined
  try {
    await runNodeAgent(
      {
        ...options,
        network: directory => machineNetwork(options, directory),
        policies: client =>
          new PolicyKeeper({ ...options, client, table: policyTableName(id), dns: { address: clusterDnsIp, port: options.dnsPort } }),
        serviceProblem: async until => (serviceRules === undefined ? 'the node starts' : await serviceRules.problem(until)),
        isServiceAddress(address) {
          const number = addressNumber(address)
          const ranges = serviceRanges(serviceCidr, cidrs?.list() ?? [], options.podCidr)
          return number !== undefined && ranges.some(range => holds(range, number))
        },
        onReady: ({ client }) => {
          cidrs = new Informer({ ...options, client, resource: serviceCidrs })
          const informers = proxyInformers(options, client, cidrs)
          serviceRules = serviceProxy(options, informers, id)
          proxy = runProxy(serviceRules, Object.values(informers), working, onReady)
          proxy.catch(err => options.log.error('service rules ended', { err }))
        },
      },
      signal,
    )
  } finally {
    work.abort()
    await proxy
  }
}

export function machineNetwork(
  { serviceCidr, clusterDnsIp }: Pick<MachineNodeOptions, 'serviceCidr' | 'clusterDnsIp'>,
  { id, cniConfig, cniState }: NodeDirectory,
) {
  return createPodNetwork({ configDirectory: cniConfig, stateDirectory: cniState, id, serviceCidr, dnsAddress: clusterDnsIp })
}

type ProxyInformers = ReturnType<typeof proxyInformers>

function proxyInformers({ nodeName, clock, log, random }: MachineNodeOptions, client: Client, cidrs: Informer<ServiceCIDR>) {
  const shared = { client, clock, log, random }
  return {
    services: new Informer({ ...shared, resource: services }),
    slices: new Informer({ ...shared, resource: endpointSlices }),
    cidrs,
    pods: new Informer({ ...shared, resource: pods, fieldSelector: `spec.nodeName=${nodeName}` }),
    nodes: new Informer({ ...shared, resource: nodes, fieldSelector: `metadata.name=${nodeName}` }),
  }
}

function serviceProxy(options: MachineNodeOptions, informers: ProxyInformers, id: string): ServiceProxy {
  const { nodeName, podCidr, serviceCidr, clusterDnsIp, dnsPort, clock, log } = options
  const network = {
    table: tableName(id),
    clusterPods: podCidr,
    localPods: defaultPodCidr,
    dns: { address: clusterDnsIp, port: dnsPort },
  }
  return new ServiceProxy({ ...informers, nodeName, network, serviceCidr, clock, log })
}

async function runProxy(
  proxy: ServiceProxy,
  informers: readonly { run(signal: AbortSignal): Promise<void> }[],
  signal: AbortSignal,
  onReady: () => void,
): Promise<void> {
  let applied = false
  await Promise.all([
    ...informers.map(informer => informer.run(signal)),
    proxy.run(signal, () => {
      if (!applied) onReady()
      applied = true
    }),
  ])
}
