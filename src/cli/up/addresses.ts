// The names and addresses of the API server, and the networks of the cluster.
import { isIPv4 } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import type { Config } from '../../base/config/config.ts'
import { apiAddressFor } from '../../network/api-address.ts'
import { nodeDirectory } from '../../node/machine/node-directory.ts'
import { layout } from './data-directory.ts'
import { neighboursOf, type ServiceNetwork, serviceNetwork } from './service-network.ts'

export const podCidr = '10.244.0.0/16'
/** The DNS part may not bind port 53; rules of the node redirect to this port. */
export const clusterDnsPort = 10053
export const clusterDomain = 'cluster.local'

export interface ClusterAddresses {
  /** The URL for kubeconfigs and the parts on this machine. */
  readonly server: string
  /** The names in the certificate of the API server. */
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  /** The endpoint of the Service `kubernetes`: an address that pods can reach, if there is one. */
  readonly advertised: string | undefined
  /** The advertised address if the machine has no address that pods can reach: `up` adds it for the pods of a real node. */
  readonly podsOnly: string | undefined
  /** Listen addresses of the API server. */
  readonly hosts: readonly [string, ...string[]]
  readonly services: ServiceNetwork
}

export function clusterAddresses(config: Config): ClusterAddresses {
  const neighbours = neighboursOf(config, podCidr)
  const network = serviceNetwork(config.serviceCidr, neighbours)
  const own = machineAddresses()
  const listensEverywhere = config.bindAddress === '0.0.0.0' || config.bindAddress === '::'
  const host = listensEverywhere ? '127.0.0.1' : config.bindAddress
  const reachable = config.bindAddress.startsWith('127.') || config.bindAddress === '::1' ? undefined : config.bindAddress
  const ofMachine = config.advertiseAddress ?? (listensEverywhere ? own[0] : reachable)
  const podsOnly =
    config.node.kind === 'real' && (ofMachine === undefined || !isIPv4(ofMachine))
      ? apiAddressFor(nodeDirectory(layout(config.dataDirectory).node).id, [network.cidr, ...neighbours.map(({ cidr }) => cidr)])
      : undefined
  const ownAddresses = [
    ...(podsOnly === undefined ? [] : [podsOnly]),
    ...(listensEverywhere ? [] : [config.bindAddress]),
    ...(config.advertiseAddress === undefined ? [] : [config.advertiseAddress]),
  ]
  const services = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', `kubernetes.default.svc.${clusterDomain}`]
  const name = hostname().toLowerCase()
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${config.port}`,
    dnsNames: [...new Set(['localhost', ...(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) ? [name] : []), ...services])],
    ipAddresses: [...new Set(['127.0.0.1', '::1', network.kubernetesIp, ...own, ...ownAddresses])],
    advertised: podsOnly ?? ofMachine,
    podsOnly,
    hosts: [config.bindAddress, ...(podsOnly === undefined || listensEverywhere ? [] : [podsOnly])],
    services: network,
  }
}

/** The machine's own addresses without loopback and link-local; those of physical interfaces come first. */
function machineAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .filter(
      ({ internal, family, address }) =>
        !internal && family === 'IPv4' && !address.startsWith('169.254.') && !address.startsWith('10.244.'),
    )
    .map(({ address }) => address)
}
