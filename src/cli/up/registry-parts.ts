// The parts of the cluster's registry: its front, and docker-registry behind it.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Config } from '../../base/config/config.ts'
import { UserError } from '../../base/user-error.ts'
import type { ClientIdentity } from '../../cluster/client-identity.ts'
import { dockerRegistryPaths } from '../../registry/docker-registry.ts'
import { registryHosts } from '../../registry/registry-hosts.ts'
import type { RegistryFrontSettings } from '../parts/registry-front.ts'
import type { RegistryStoreSettings } from '../parts/registry-store.ts'
import type { ClusterAddresses } from './addresses.ts'
import type { DataDirectory } from './data-directory.ts'

/** What up knows of the registry of this run. */
export interface RegistryOfRun {
  /** As in image references. The first is the one that `up` prints. */
  readonly hosts: readonly string[]
  /** PEM of the authority of its certificate. */
  authority(): Promise<string>
  /** The same key for the whole run: the store trusts it. */
  serving(): Promise<ClientIdentity>
  /** With which the front asks the API. */
  identity(): Promise<ClientIdentity>
  /** Signs the locations of uploads. */
  readonly secret: string
}

/** The names in the certificate: those of the machine, without those of the API server's Service. */
export function registryNames({ dnsNames, ipAddresses, services }: ClusterAddresses) {
  return {
    dnsNames: dnsNames.filter(name => name !== 'kubernetes' && !name.startsWith('kubernetes.')),
    ipAddresses: ipAddresses.filter(address => address !== services.kubernetesIp),
  }
}

/** Hosts for image references: an address that other machines reach comes first. */
export function hostsOf(addresses: ClusterAddresses, port: number): string[] {
  const { dnsNames, ipAddresses } = registryNames(addresses)
  const first = addresses.advertised === undefined ? [] : [addresses.advertised]
  return registryHosts([...new Set([...first, ...ipAddresses, ...dnsNames])], port)
}

export const newSecret = (): string => randomBytes(32).toString('hex')

/** Throws a UserError that says how to install it. */
export function dockerRegistryProgram(exists: (path: string) => boolean = existsSync): string {
  const program = dockerRegistryPaths.find(exists)
  if (program !== undefined) return program
  throw new UserError(
    'Cannot run a registry: docker-registry is missing. Install with "apt-get install docker-registry", or start without --registry',
  )
}

export function frontSettings(
  { config, directory, addresses }: { readonly config: Config; readonly directory: DataDirectory; readonly addresses: ClusterAddresses },
  registry: RegistryOfRun,
  servingAuthority: () => Promise<string>,
): () => Promise<RegistryFrontSettings> {
  return async () => ({
    server: addresses.server,
    ca: await servingAuthority(),
    identity: await registry.identity(),
    serving: await registry.serving(),
    hosts: addresses.hosts,
    port: config.registryPort,
    directory: directory.registry,
    socket: directory.registrySocket,
  })
}

export function storeSettings(directory: DataDirectory, registry: RegistryOfRun): () => Promise<RegistryStoreSettings> {
  return async () => ({
    program: dockerRegistryProgram(),
    directory: directory.registryStore,
    socket: directory.registrySocket,
    secret: registry.secret,
    front: (await registry.serving()).certificate,
  })
}
