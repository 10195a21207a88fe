// The real node: the agent with its pod network, the rules for Services, and the links to other nodes.
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { addressNumber, holds } from '../../api/addresses/ipv4-range.ts'
import type { ServiceCIDR } from '../../api/types/networking-v1.ts'
import { Informer } from '../../client/cache/informer.ts'
import type { Client } from '../../client/client.ts'
import { endpointSlices, nodes, pods, serviceCidrs, services } from '../../client/resources.ts'
import { claimMachine } from '../../network/claim-machine.ts'
import { defaultLinkPort, linkDevice, linkMtu, missingWireGuard } from '../../network/links/link-device.ts'
import { ensureLinkKey, type LinkKey } from '../../network/links/link-key.ts'
import { NodeLinks } from '../../network/links/node-links.ts'
import { createPodNetwork, policyTableName, tableName } from '../../network/pod-network.ts'
import { PolicyKeeper } from '../../network/policy/policy-keeper.ts'
import { ServiceProxy } from '../../network/services/service-proxy.ts'
import { serviceRanges } from '../../network/services/service-ranges.ts'
import { type NodeAgentOptions, runNodeAgent } from '../../node/agent.ts'
import { removeLeftovers } from '../../node/machine/leftovers.ts'
import { nodeAddresses } from '../../node/machine/node-addresses.ts'
import { type NodeDirectory, nodeDirectory } from '../../node/machine/node-directory.ts'

export interface MachineNodeOptions
  extends Omit<NodeAgentOptions, 'network' | 'policies' | 'serviceProblem' | 'isServiceAddress' | 'link' | 'linkProblem' | 'onReady'> {
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
  let links: NodeLinks | undefined
  const missing = missingWireGuard()
  const keyOf = async (directory: NodeDirectory) =>
    missing === undefined ? await ensureLinkKey(join(directory.pki, linkKeyFile)) : undefined
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
        link: async directory => {
          const key = await keyOf(directory)
          return key && { publicKey: key.publicKey, port: defaultLinkPort }
        },
        linkProblem: () => links?.problem,
        onReady: ({ client, podCidr }) => {
          cidrs = new Informer({ ...options, client, resource: serviceCidrs })
          const informers = proxyInformers(options, client, cidrs)
          serviceRules = serviceProxy(options, informers, id, podCidr)
          const runLinks = async () => {
            const key = await keyOf(nodeDirectory(directory))
            links = nodeLinks(options, client, { id, key, podCidr, missing, mtu: await linkMtu(ownAddress()) })
            await links.run(working)
          }
          proxy = Promise.all([runProxy(serviceRules, Object.values(informers), working, onReady), runLinks()]).then(() => undefined)
          proxy.catch(err => options.log.error('service rules or links ended', { err }))
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
  { podCidr, serviceCidr, clusterDnsIp }: Pick<MachineNodeOptions, 'podCidr' | 'serviceCidr' | 'clusterDnsIp'>,
  { id, cniConfig, cniState }: NodeDirectory,
) {
  const folders = { configDirectory: cniConfig, stateDirectory: cniState }
  return createPodNetwork({ ...folders, id, serviceCidr, dnsAddress: clusterDnsIp, clusterPods: podCidr, nodeAddress: ownAddress })
}

const linkKeyFile = 'wireguard.key'

/** As the node reports it. */
const ownAddress = (): string | undefined => nodeAddresses(networkInterfaces(), readFileSync('/proc/net/route', 'utf8'))[0]

interface LinkInput {
  readonly id: string
  readonly key: LinkKey | undefined
  readonly podCidr: string
  readonly missing: string | undefined
  readonly mtu: number
}

function nodeLinks(options: MachineNodeOptions, client: Client, { id, key, podCidr, missing, mtu }: LinkInput): NodeLinks {
  const { nodeName, podCidr: clusterPods, clock, log, random } = options
  const configFile = join(nodeDirectory(options.directory).pki, 'wireguard.conf')
  const device = key && { device: linkDevice(id), configFile, key, port: defaultLinkPort, mtu, podCidr }
  return new NodeLinks({ client, nodeName, clusterPods, device, missing, clock, log, random })
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

function serviceProxy(options: MachineNodeOptions, informers: ProxyInformers, id: string, localPods: string): ServiceProxy {
  const { nodeName, podCidr, serviceCidr, clusterDnsIp, dnsPort, clock, log } = options
  const network = {
    table: tableName(id),
    clusterPods: podCidr,
    localPods,
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
