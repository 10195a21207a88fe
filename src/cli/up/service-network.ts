// The range of Service addresses, and the two addresses in it that the cluster reserves.
import { networkInterfaces } from 'node:os'
import { addressText, overlap, rangeOf } from '../../api/addresses/ipv4-range.ts'
import type { Config } from '../../base/config/config.ts'
import { UserError } from '../../base/user-error.ts'

export interface ServiceNetwork {
  readonly cidr: string
  /** The first address, for the Service `kubernetes`. */
  readonly kubernetesIp: string
  /** The tenth address, as in kubeadm, for the Service `kube-dns`. */
  readonly dnsIp: string
}

export interface Neighbour {
  /** For messages: `pods`, or the name of an interface. */
  readonly name: string
  readonly cidr: string
}

/**
 * Larger ranges are more than a cluster needs and likely to overlap another network; smaller ones have no room for the two reserved
 * addresses.
 */
const shortestPrefix = 12
const maxPrefixLength = 28

/** Throws a UserError if the range is invalid or overlaps one of these networks. Pure. */
export function serviceNetwork(cidr: string, neighbours: readonly Neighbour[]): ServiceNetwork {
  const [address = '', prefix = ''] = cidr.split('/')
  const range = rangeOf(cidr)
  if (range === undefined || Number(prefix) < shortestPrefix || Number(prefix) > maxPrefixLength || addressText(range.first) !== address) {
    throw new UserError(
      `serviceClusterIpRange must be an IPv4 network of /${shortestPrefix} to /${maxPrefixLength}, such as 10.96.0.0/16, got "${cidr}"`,
    )
  }
  for (const { name, cidr: other } of neighbours) {
    const taken = rangeOf(other)
    if (taken !== undefined && overlap(range, taken))
      throw new UserError(`serviceClusterIpRange is "${cidr}", which overlaps the network of ${name} (${other}): choose another range`)
  }
  return { cidr, kubernetesIp: addressText(range.first + 1), dnsIp: addressText(range.first + 10) }
}

/** The networks that the Service range must not overlap. Only a real node has routes to them. */
export function neighboursOf({ node }: Config, podCidr: string): Neighbour[] {
  const pods = { name: 'the pods', cidr: podCidr }
  if (node.kind !== 'real') return [pods]
  const own = Object.entries(networkInterfaces()).flatMap(([name, list]) =>
    // Addresses of the loopback interface belong to an earlier start of the cluster.
    (list ?? []).flatMap(({ internal, cidr }) => (internal || cidr === null ? [] : [{ name, cidr }])),
  )
  return [pods, ...own]
}
