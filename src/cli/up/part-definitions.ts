// The parts of a cluster on one machine: their users, their settings, and what each of them can access.
import { dirname, join } from 'node:path'
import type { AuditOutputsSettings } from '../../access/audit/outputs/audit-outputs-settings.ts'
import type { AuditPolicy } from '../../access/audit/policy.ts'
import type { TokenWebhookSettings } from '../../access/authenticators/token-webhook.ts'
import { controllerAccounts } from '../../access/bootstrap-policy/controller-roles.ts'
import { defaultIssuer } from '../../access/tokens/issue-token.ts'
import type { AdmissionSettings } from '../../admission/admission-settings.ts'
import type { HandlingOfClasses } from '../../api/data-classes/data-class.ts'
import type { Features } from '../../api/features.ts'
import { systemClock } from '../../base/clock.ts'
import type { Config } from '../../base/config/config.ts'
import type { ClientIdentity } from '../../cluster/client-identity.ts'
import type { ConfigurationStates } from '../../cluster/reloaded-configurations.ts'
import type { EtcdAddress } from '../../store/etcd/etcd-client.ts'
import type { ArtifactsSettings } from '../parts/artifacts.ts'
import type { BackupPartSettings } from '../parts/backup.ts'
import type { ControllersSettings } from '../parts/controllers.ts'
import type { DnsSettings } from '../parts/dns.ts'
import type { NodeSettings } from '../parts/node.ts'
import type { ServerSettings } from '../parts/server.ts'
import type { SignerSettings } from '../parts/signer.ts'
import { type ClusterAddresses, clusterDnsPort, clusterDomain, podCidr } from './addresses.ts'
import type { BackupOfRun } from './backup-of-run.ts'
import type { DataDirectory } from './data-directory.ts'
import type { EtcdOfRun } from './etcd-of-run.ts'
import type { Identity } from './part-identities.ts'
import type { RegistryAuthorities } from './registry-authorities.ts'
import { frontSettings, type RegistryOfRun, storeSettings } from './registry-parts.ts'
import type { PartDefinition } from './supervisor.ts'

export interface PartInput {
  readonly config: Config
  readonly directory: DataDirectory
  readonly identity: Identity | undefined
  readonly addresses: ClusterAddresses
  readonly admission: AdmissionSettings
  readonly features: Features
  readonly auditPolicy: AuditPolicy | undefined
  readonly auditOutputs: AuditOutputsSettings | undefined
  readonly dataClasses: HandlingOfClasses | undefined
  readonly tokenWebhook: TokenWebhookSettings | undefined
  /** An etcd that others run. Without it and `etcdOfRun`, the store is in the data directory. */
  readonly etcd: EtcdAddress | undefined
  /** The member of etcd that is a part, with `--ha`. */
  readonly etcdOfRun: EtcdOfRun | undefined
  /** The current state. */
  configurations(): ConfigurationStates
  /** PEM of the server's authority; available once the signer runs, as what follows. */
  servingAuthority(): Promise<string>
  /** A new certificate with which this process issues tickets to its nodes. */
  ownIdentity(): Promise<ClientIdentity>
  /** A new certificate for the DNS part. */
  dnsIdentity(): Promise<ClientIdentity>
  /** And for the part that asks registries. */
  artifactsIdentity(): Promise<ClientIdentity>
  /** Undefined without `--backup`. */
  readonly backup: BackupOfRun | undefined
  /** And for the part that makes backups. */
  backupIdentity(): Promise<ClientIdentity>
  /** Undefined without `--registry`. */
  readonly registry: RegistryOfRun | undefined
  /** Authorities of private registries, as the node has them. */
  registryAuthorities(): Promise<RegistryAuthorities>
}

export interface ClusterParts {
  /** Empty without `--ha`. */
  readonly etcd: readonly PartDefinition[]
  readonly signer: PartDefinition
  readonly server: PartDefinition
  readonly controllers: PartDefinition
  readonly artifacts: PartDefinition
  /** The store comes first: the front passes requests on to it. Empty without `--registry`. */
  readonly registry: readonly PartDefinition[]
  readonly nodes: readonly PartDefinition[]
  /** Empty without `--backup`. */
  readonly backup: readonly PartDefinition[]
}

export function partDefinitions(input: PartInput): ClusterParts {
  const { config, directory, identity, addresses } = input
  const { server, services } = addresses
  const acceptRestored = once(config.acceptRestoredStore)
  return {
    signer: signerDefinition(input),
    etcd: etcdParts(input),
    server: {
      // With half of this young generation, a stream of writes is about 6 % slower; twice as much takes 80 MB more resident memory.
      ...part(
        'server',
        directory.server,
        identity?.server,
        ['--max-semi-space-size=16'],
        async (): Promise<ServerSettings> => ({
          directory: directory.server,
          signerSocket: directory.signerSockets.server,
          artifactsSocket: directory.artifactsSocket,
          registry: input.registry && { hosts: input.registry.hosts },
          acceptRestoredStore: acceptRestored.next().value === true,
          hosts: addresses.hosts,
          port: config.port,
          advertised: addresses.advertised,
          dnsNames: addresses.dnsNames,
          ipAddresses: addresses.ipAddresses,
          profile: config.profile,
          policyDirectory: config.policyDirectory,
          allowPrivileged: config.allowPrivileged,
          serviceCidr: services.cidr,
          maxStoredBytes: config.maxStoredBytes,
          etcd: (await input.etcdOfRun?.address()) ?? input.etcd,
          waitsForEtcd: input.etcdOfRun !== undefined,
          address: server,
          serviceIp: services.kubernetesIp,
          dnsAddress: services.dnsIp,
          admission: input.admission,
          features: input.features,
          auditPolicy: input.auditPolicy,
          auditOutputs: input.auditOutputs,
          dataClasses: input.dataClasses,
          configurations: input.configurations(),
          tokenWebhook: input.tokenWebhook,
          bootstrapTokens: config.bootstrapTokens,
        }),
      ),
      // Requests wait for this event loop, so it has priority over the rest of the machine.
      priority: { loop: -10 },
      writes: (input.auditOutputs?.witnesses ?? []).flatMap(witness => ('file' in witness ? [dirname(witness.file)] : [])),
    },
    controllers: {
      ...part('controllers', directory.controllers, identity?.controllers, ['--max-semi-space-size=2'], {
        signerSocket: directory.signerSockets.controllers,
        server,
        elects: input.etcd !== undefined || input.etcdOfRun !== undefined,
        // Without a node the cluster has no pod network, as kube-controller-manager without --allocate-node-cidrs.
        choice: {
          allocateNodeCidrs: config.node.kind !== 'none',
          bootstrapTokens: config.bootstrapTokens,
          denyDeletedNodes: config.profile === 'secure',
        },
      } satisfies ControllersSettings),
      // Controllers have a lower priority than the API, so that requests stay fast on a busy machine.
      priority: { all: 5 },
    },
    artifacts: part(
      'artifacts',
      directory.artifacts,
      identity?.artifacts,
      // As containerd, it trusts registries whose authorities the machine trusts.
      ['--max-semi-space-size=2', '--use-system-ca'],
      async (): Promise<ArtifactsSettings> => ({
        server,
        ca: await input.servingAuthority(),
        identity: await input.artifactsIdentity(),
        directory: directory.artifacts,
        advisories: directory.advisories,
        socket: directory.artifactsSocket,
        registry: input.registry && { hosts: input.registry.hosts, authority: await input.registry.authority() },
        registryAuthorities: await input.registryAuthorities(),
      }),
    ),
    registry: registryParts(input),
    nodes: nodeParts(input, server),
    backup: backupParts(input),
  }
}

function etcdParts({ etcdOfRun, directory, identity }: PartInput): PartDefinition[] {
  if (etcdOfRun === undefined) return []
  return [part('etcd', directory.etcd, identity?.etcd, ['--max-semi-space-size=1'], () => etcdOfRun.settings())]
}

function registryParts({ config, directory, identity, addresses, registry, servingAuthority }: PartInput): PartDefinition[] {
  if (registry === undefined) return []
  const flags = ['--max-semi-space-size=1']
  return [
    part('registry-store', directory.registryStore, identity?.registryStore, flags, storeSettings(directory, registry)),
    part(
      'registry-front',
      directory.registry,
      identity?.registryFront,
      // It fetches images of other registries as the part "artifacts" does.
      [...flags, '--use-system-ca'],
      frontSettings({ config, directory, addresses }, registry, servingAuthority),
    ),
  ]
}

function backupParts({
  directory,
  identity,
  addresses: { server },
  backup,
  servingAuthority,
  backupIdentity,
}: PartInput): PartDefinition[] {
  if (backup === undefined) return []
  const settings = async (): Promise<BackupPartSettings> => ({
    ...{ server, ca: await servingAuthority(), identity: await backupIdentity(), signerSocket: directory.signerSockets.backup },
    ...{ directory: directory.backup, settings: backup.settings, file: backup.file },
  })
  const made = part('backups', directory.backup, identity?.backup, ['--max-semi-space-size=4', '--use-system-ca'], settings)
  // Requests of the API come first.
  return [{ ...made, priority: { all: 10 }, writes: backup.folders }]
}

export function signerDefinition({
  directory,
  identity,
  addresses,
  backup,
  auditOutputs,
}: Pick<PartInput, 'directory' | 'identity' | 'addresses' | 'backup'> & Partial<Pick<PartInput, 'auditOutputs'>>): PartDefinition {
  const { backup: backupSocket, ...sockets } = directory.signerSockets
  return part('signer', directory.signer, identity?.signer, ['--max-semi-space-size=1'], {
    directory: directory.signer,
    sockets: backup === undefined ? sockets : { ...sockets, backup: backupSocket },
    backupRecipients: backup?.recipients ?? [],
    servingNames: { dnsNames: addresses.dnsNames, ipAddresses: addresses.ipAddresses },
    controllerAccounts,
    issuer: defaultIssuer,
    auditEpochMs: auditOutputs?.epochMs,
  } satisfies SignerSettings)
}

/** Yields the value once: a restarted part must not accept again. */
function* once<T>(value: T): Generator<T> {
  yield value
}

function nodeParts(
  { config, directory, identity, addresses: { services }, servingAuthority, ownIdentity, dnsIdentity, registry }: PartInput,
  server: string,
): PartDefinition[] {
  const { node } = config
  if (node.kind === 'none') return []
  const names =
    node.kind === 'real'
      ? [config.nodeName]
      : Array.from({ length: node.count }, (_, index) => (index === 0 ? 'simulated' : `simulated-${index + 1}`))
  const settings = async (): Promise<NodeSettings> => {
    const { issueTickets } = await import('./issue-tickets.ts')
    const ca = await servingAuthority()
    return {
      ...{ server, ca, directory: directory.node, simulated: node.kind === 'simulated' },
      ...{ podCidr, serviceCidr: services.cidr, clusterDnsIp: services.dnsIp, dnsPort: clusterDnsPort, clusterDomain },
      evictionHard: config.evictionHard,
      registry: registry && { hosts: registry.hosts, authority: await registry.authority() },
      tickets: await issueTickets(server, { ca, ...(await ownIdentity()) }, names),
    }
  }
  const agent = part('node', directory.node, undefined, ['--max-semi-space-size=2'], settings, 60_000)
  if (node.kind === 'simulated') return [agent]
  const cleanUp = async () => {
    const { cleanUpMachine } = await import('../../cluster/nodes/machine-clean-up.ts')
    const network = { podCidr, serviceCidr: services.cidr, clusterDnsIp: services.dnsIp }
    await cleanUpMachine({ directory: directory.node, ...network }, systemClock, AbortSignal.timeout(agent.stopTimeoutMs))
  }
  const dnsSettings = async (): Promise<DnsSettings> => ({
    ...{ server, ca: await servingAuthority(), identity: await dnsIdentity() },
    ...{ address: services.dnsIp, port: clusterDnsPort, clusterDomain },
  })
  const dns = part('dns', directory.dns, identity?.dns, ['--max-semi-space-size=1'], dnsSettings)
  return [{ ...agent, cleanUp }, dns]
}

/** A part with its user, home folder and settings, which are made for each start. */
export function part(
  name: string,
  home: string,
  userId: number | undefined,
  nodeFlags: readonly string[],
  settings: object | (() => Promise<object>),
  stopTimeoutMs = 30_000,
): PartDefinition {
  const made = async () => (settings instanceof Function ? settings() : settings)
  return {
    name,
    ...(userId === undefined ? {} : { userId }),
    settings: made,
    // PATH is for the programs that a node runs. Each part has its own V8 code cache, so that none can write another's.
    environment: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      NODE_COMPILE_CACHE: join(home, 'compile-cache'),
      HOME: home,
      // One allocator arena for all threads: every further arena keeps free pages that others could use.
      MALLOC_ARENA_MAX: '1',
      // Larger blocks return to the system as soon as they are free. Without a fixed threshold glibc raises it, and freed blocks leave
      // holes.
      MALLOC_MMAP_THRESHOLD_: '131072',
      // Smaller blocks stay. With the default of 128 KiB, the end of the heap would move back and forth at every other commit.
      MALLOC_TRIM_THRESHOLD_: '4194304',
      MALLOC_TOP_PAD_: '524288',
    },
    nodeFlags,
    stopTimeoutMs,
  }
}
