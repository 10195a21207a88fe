// The range of the cluster's Service addresses, and the two in it that are the cluster's own.
import { networkInterfaces } from 'node:os'
import { formatIp, parseCidr } from '../../api/validation/ip-address.ts'
import type { Config } from '../../base/config.ts'
import { UserError } from '../../base/user-error.ts'

export interface ServiceNetwork {
  readonly cidr: string
  /** The first address: Service `kubernetes`. */
  readonly kubernetesIp: string
  /** The tenth, as kubeadm has it: Service `kube-dns`. */
  readonly dnsIp: string
}

export interface Neighbour {
  /** For messages: `pods`, or the name of an interface. */
  readonly name: string
  readonly cidr: string
}

/** Larger ranges take megabytes of memory; smaller ones have no room for the cluster's own two. */
const shortestPrefix = 12
const longestPrefix = 28

/** Throws a UserError where the range cannot be used, or overlaps one of these networks. Pure. */
export function serviceNetwork(cidr: string, neighbours: readonly Neighbour[]): ServiceNetwork {
  const range = ipv4Range(cidr)
  if (range === undefined || range.prefix < shortestPrefix || range.prefix > longestPrefix || range.address !== range.first) {
    throw new UserError(
      `serviceClusterIpRange is "${cidr}", wanted is an IPv4 network of /${shortestPrefix} to /${longestPrefix}, such as 10.96.0.0/16`,
    )
  }
  for (const { name, cidr: other } of neighbours) {
    const taken = ipv4Range(other)
    if (taken !== undefined && range.first < taken.first + taken.size && taken.first < range.first + range.size)
      throw new UserError(`serviceClusterIpRange is "${cidr}", which overlaps the network of ${name} (${other}): choose another range`)
  }
  return { cidr, kubernetesIp: addressAt(range.first + 1), dnsIp: addressAt(range.first + 10) }
}

/** The networks beside which the Services of this machine's cluster must live. Only a real node has routes to them. */
export function neighboursOf({ node }: Config, podCidr: string): Neighbour[] {
  const pods = { name: 'the pods', cidr: podCidr }
  if (node.kind !== 'real') return [pods]
  const own = Object.entries(networkInterfaces()).flatMap(([name, list]) =>
    // Addresses of the loopback interface are the cluster's own, of an earlier start.
    (list ?? []).flatMap(({ internal, cidr }) => (internal || cidr === null ? [] : [{ name, cidr }])),
  )
  return [pods, ...own]
}

interface Ipv4Range {
  readonly address: number
  /** The first of the network that the address is in. */
  readonly first: number
  readonly size: number
  readonly prefix: number
}

function ipv4Range(cidr: string): Ipv4Range | undefined {
  const { address, prefixLength } = parseCidr(cidr) ?? {}
  if (address?.length !== 4 || prefixLength === undefined) return undefined
  const number = address.reduce((sum, byte) => sum * 256 + byte, 0)
  const size = 2 ** (32 - prefixLength)
  return { address: number, first: Math.floor(number / size) * size, size, prefix: prefixLength }
}

const addressAt = (number: number): string => formatIp([number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255])
