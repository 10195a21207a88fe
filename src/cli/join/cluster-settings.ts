// What a node must know of its cluster and cannot choose: read with its own certificate.
import { isRegistryHost } from '../../api/registry-mirrors.ts'
import { isReason } from '../../api/status.ts'
import type { ConfigMap } from '../../api/types/core-v1.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import type { Client } from '../../client/client.ts'
import { configMaps, nodes, serviceCidrs, services } from '../../client/resources.ts'
import { registryHostingName, registryHostingNamespace } from '../../cluster/bootstrap/registry-hosting.ts'
import type { RegistryEndpoint } from '../../node/machine/registry-hosts.ts'

export interface ClusterSettings {
  readonly serviceCidr: string
  readonly clusterDnsIp: string
  /** Undefined if the cluster has no registry of its own. */
  readonly registry: RegistryEndpoint | undefined
}

/** The range that exists from the first start, and the Service of the cluster's names. */
const firstRange = 'kubernetes'
const dnsService = 'kube-dns'
/** Names of a machine. */
const maxHosts = 100

/** Rejects with a UserError. */
export async function readClusterSettings(client: Client, signal: AbortSignal): Promise<ClusterSettings> {
  try {
    const [ranges, dns, hosting] = await Promise.all([
      client.listAll(serviceCidrs, {}, signal),
      client.get(services, 'kube-system', dnsService, signal),
      client.get(configMaps, registryHostingNamespace, registryHostingName, signal).catch((err: unknown) => {
        // The cluster was started without a registry.
        if (isReason(err, 'NotFound')) return undefined
        throw err
      }),
    ])
    const serviceCidr = ranges.find(({ metadata }) => metadata.name === firstRange)?.spec.cidrs?.find(cidr => !cidr.includes(':'))
    const clusterDnsIp = dns.spec.clusterIP
    if (serviceCidr === undefined || !clusterDnsIp)
      throw new Error(`ServiceCIDR "${firstRange}" or Service "${dnsService}" has no IPv4 address`)
    return { serviceCidr, clusterDnsIp, registry: hosting && joinedRegistry(hosting) }
  } catch (err) {
    throw new UserError(`Cannot read the addresses of the cluster's Services with the certificate of this node: ${messageOf(err)}`, {
      cause: err,
    })
  }
}

/** As the first machine announced it; undefined for somebody else's registry, which has no authority of the cluster. */
export function joinedRegistry({ data = {} }: ConfigMap): RegistryEndpoint | undefined {
  const hosts = (data['hosts'] ?? '').split('\n').filter(isRegistryHost).slice(0, maxHosts)
  const authority = data['ca.crt']
  const reachedAt = hosts.find(host => !/^(?:127\.|localhost(?::|$)|\[::1\])/.test(host))
  if (authority === undefined || reachedAt === undefined) return undefined
  return { hosts: [reachedAt, ...hosts.filter(host => host !== reachedAt)], authority, reachedAt }
}

/** The uid of the node's own Node, which exists once its agent has registered it. */
export async function nodeUid(client: Client, name: string, signal: AbortSignal): Promise<string> {
  const { metadata } = await client.get(nodes, '', name, signal)
  if (metadata.uid === undefined) throw new Error(`Node "${name}" has no uid`)
  return metadata.uid
}
