// What a node must know of its cluster and cannot choose: read with its own certificate.
import { messageOf, UserError } from '../../base/user-error.ts'
import type { Client } from '../../client/client.ts'
import { nodes, serviceCidrs, services } from '../../client/resources.ts'

export interface ClusterSettings {
  readonly serviceCidr: string
  readonly clusterDnsIp: string
}

/** The range that exists from the first start, and the Service of the cluster's names. */
const firstRange = 'kubernetes'
const dnsService = 'kube-dns'

/** Rejects with a UserError. */
export async function readClusterSettings(client: Client, signal: AbortSignal): Promise<ClusterSettings> {
  try {
    const [ranges, dns] = await Promise.all([
      client.listAll(serviceCidrs, {}, signal),
      client.get(services, 'kube-system', dnsService, signal),
    ])
    const serviceCidr = ranges.find(({ metadata }) => metadata.name === firstRange)?.spec.cidrs?.find(cidr => !cidr.includes(':'))
    const clusterDnsIp = dns.spec.clusterIP
    if (serviceCidr === undefined || !clusterDnsIp)
      throw new Error(`ServiceCIDR "${firstRange}" or Service "${dnsService}" has no IPv4 address`)
    return { serviceCidr, clusterDnsIp }
  } catch (err) {
    throw new UserError(`Cannot read the addresses of the cluster's Services with the certificate of this node: ${messageOf(err)}`, {
      cause: err,
    })
  }
}

/** The uid of the node's own Node, which exists once its agent has registered it. */
export async function nodeUid(client: Client, name: string, signal: AbortSignal): Promise<string> {
  const { metadata } = await client.get(nodes, '', name, signal)
  if (metadata.uid === undefined) throw new Error(`Node "${name}" has no uid`)
  return metadata.uid
}
