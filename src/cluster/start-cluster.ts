// A whole cluster in one process: server, signer, controllers, scheduler and simulated nodes, like in separate processes except for the
// transport. Nothing uses a disk, or the network unless requested.
import { randomUUID } from 'node:crypto'
import { performServerHandshake } from 'node:http2'
import { duplexPair } from 'node:stream'
import { administratorsGroup } from '../access/access.ts'
import type { TokenWebhookSettings } from '../access/authenticators/token-webhook.ts'
import type { AuthenticationConfiguration } from '../access/jwt/configuration.ts'
import { createKeyAndCsr } from '../access/pki/key-and-csr.ts'
import type { Features } from '../api/features.ts'
import type { UserInfo } from '../api/user.ts'
import type { ImageVerifier, Registries } from '../artifacts/image-verifier.ts'
import { type RunArtifactsOptions, runArtifacts } from '../artifacts/run-artifacts.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import type { Profile } from '../base/config/config.ts'
import { type Logger, silentLogger } from '../base/log.ts'
import { machineMemory } from '../base/machine-memory.ts'
import { createRegistry } from '../base/metrics/metrics.ts'
import { Client } from '../client/client.ts'
import { nodes } from '../client/resources.ts'
import type { Transport } from '../client/transport/transport.ts'
import type { ContainerRuntime } from '../node/cri/runtime.ts'
import { runSimulatedNode, serveNodeRequests } from '../node/simulated-node.ts'
import type { NodeRequestOptions } from '../node/streams/node-requests.ts'
import type { ApiServer } from '../server/api-server.ts'
import { Listener } from '../server/http/listener.ts'
import { createMemorySigner } from '../signer/memory-signer.ts'
import type { Signer } from '../signer/signer.ts'
import { createMemoryStore } from '../store/memory.ts'
import type { Store } from '../store/store.ts'
import { defaultStoredBytes } from '../store/stored-limit.ts'
import { bootstrap } from './bootstrap/bootstrap.ts'
import { accountName, accountOrganizations, issueIdentity } from './client-identity.ts'
import { runControlLoops } from './control-loops.ts'
import { openControlPlane } from './control-plane.ts'
import { formatKubeconfig } from './kubeconfig.ts'
import { LateAuthority } from './late-authority.ts'
import { MemoryAudit } from './memory-audit.ts'

export interface StartClusterOptions {
  /** Default `secure`. */
  readonly profile?: Profile
  /** Default 1; 0 for an API with controllers only. */
  readonly simulatedNodes?: number
  /** Default true; false for a bare API server, like envtest. */
  readonly controllers?: boolean
  /** Features that are off by default. */
  readonly features?: Features
  /** Whether Kubernetes' bootstrap tokens are accepted. Default false. */
  readonly bootstrapTokens?: boolean
  /** As of `--authentication-config-file` and `--authentication-token-webhook-config-file`. Default: none. */
  readonly authentication?: AuthenticationConfiguration
  readonly tokenWebhook?: TokenWebhookSettings
  /** Registries and a verifier for the part `artifacts`. Default: it does not run, so tags are not resolved. */
  readonly images?: { readonly registries: Registries; readonly verifier: ImageVerifier<unknown> } & Pick<
    RunArtifactsOptions<unknown>,
    'trustMemory' | 'openTuf' | 'software' | 'onMirrorsChange'
  >
  /** Names of the cluster's own registry in image references, for its nodes. Default: it has none. */
  readonly registryHosts?: readonly string[]
  readonly clock?: Clock
  readonly log?: Logger
  readonly random?: () => number
}

export interface Cluster extends AsyncDisposable {
  /** The administrator's client, in process. */
  readonly client: Client
  /** A client of this user: every step of a request applies to it. */
  as(user: { readonly name: string; readonly groups?: readonly string[] }): Client
  /** All audit events so far, oldest first. */
  auditEvents(): readonly object[]
  /**
   * Starts a TLS listener on a free loopback port at the first call, and returns a kubeconfig (JSON, which is YAML) of the administrator
   * for kubectl and other clients.
   */
  kubeconfig(): Promise<string>
}

const adminUser: UserInfo = { name: 'bulkhead-admin', groups: ['system:masters', 'system:authenticated'] }
const serviceCidr = '10.96.0.0/16'
const daySeconds = 86_400

/** Resolves when the API answers, controllers follow it, and simulated nodes accept pods. Close it with `await using`. */
export async function startCluster(options: StartClusterOptions = {}): Promise<Cluster> {
  return (await startClusterParts(options)).cluster
}

/** A cluster and its parts, for tests that put servers behind its nodes. Closing the cluster closes the parts. */
export interface ClusterParts {
  readonly cluster: Cluster
  readonly server: ApiServer
  readonly signer: Signer
  /** Of the simulated nodes. */
  readonly runtimes: readonly ContainerRuntime[]
}

/** `own` parts are closed with the cluster. The default signer has keys that nobody else has, the default store is empty. */
export async function startClusterParts(
  options: StartClusterOptions = {},
  own: { readonly signer?: Signer; readonly store?: Store } = {},
): Promise<ClusterParts> {
  const {
    profile = 'secure',
    simulatedNodes = 1,
    controllers = true,
    features,
    bootstrapTokens = false,
    authentication,
    tokenWebhook,
    images,
    registryHosts = [],
    clock = systemClock,
    log = silentLogger,
    random = Math.random,
  } = options
  const stop = new AbortController()
  await using stack = new AsyncDisposableStack()
  const signer = stack.use(own.signer ?? createMemorySigner({ clock }))
  const store = stack.use(own.store ?? createMemoryStore({ clock, log, maxStoredBytes: defaultStoredBytes(machineMemory()) }))
  const audit = new MemoryAudit()
  const metrics = createRegistry()
  const authority = images === undefined ? undefined : new LateAuthority()
  const server = stack.use(
    await openControlPlane({
      ...{ store, signer, audit, profile, bootstrapTokens, serviceCidr, clock, log, metrics },
      ...(features === undefined ? {} : { features }),
      ...(authentication === undefined ? {} : { authentication }),
      ...(tokenWebhook === undefined ? {} : { tokenWebhook }),
      ...(authority === undefined ? {} : { images: authority }),
      ...(registryHosts.length === 0 ? {} : { registry: { hosts: registryHosts } }),
      signal: stop.signal,
    }),
  )
  const registry = registryHosts.length === 0 ? {} : { registry: { hosts: registryHosts } }
  const namespaceDefaults = profile === 'secure' && controllers
  await bootstrap({ server, store, signer, ...registry, namespaceDefaults, signal: stop.signal })
  const transportOf = (user: UserInfo): Transport => stack.use(server.transportFor(user))
  const clientOf = (user: UserInfo): Client => new Client(transportOf(user))
  const running: Promise<void>[] = []
  stack.defer(async () => {
    stop.abort(new Error('the cluster is closed'))
    await Promise.allSettled(running)
  })
  const account = (name: string): UserInfo => ({ name: accountName(name), groups: [...accountOrganizations, 'system:authenticated'] })
  if (images !== undefined && authority !== undefined) {
    const options = { client: clientOf(account('artifacts')), ...images, clock, log, random }
    running.push(runArtifacts(options, stop.signal, ready => authority.set(ready)))
  }
  if (controllers) {
    const rootCa = await signer.authority('serving', stop.signal)
    const component = (name: string): UserInfo => ({ name, groups: ['system:authenticated'] })
    running.push(
      runControlLoops(
        {
          clientFor: name => clientOf(account(name)),
          informerClient: clientOf(component('system:kube-controller-manager')),
          schedulerClient: clientOf(component('system:kube-scheduler')),
          ...{ signer, rootCa, clock, log, metrics, random },
          choice: { allocateNodeCidrs: true, bootstrapTokens, denyDeletedNodes: profile === 'secure' },
        },
        stop.signal,
      ),
    )
  }
  const firstAccount = controllers ? accountOfDefault(store, stop.signal) : undefined
  // Awaited below; a node that cannot start must not leave this as an unhandled rejection.
  firstAccount?.catch(() => undefined)
  const administrator = new Client(transportOf(adminUser))
  const names = Array.from({ length: simulatedNodes }, (_, index) => `node-${index + 1}`)
  const runtimes: ContainerRuntime[] = []
  await Promise.all(
    names.map(
      (name, index) =>
        new Promise<void>((resolve, reject) => {
          const transport = transportOf({ name: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] })
          const delays = { sandbox: 0, pull: 0, start: 0 }
          const onReady: Parameters<typeof runSimulatedNode>[0]['onReady'] = ({ requests }) => {
            runtimes.push(requests.runtime)
            connectInProcess(server, name, requests, stop.signal)
            if (controllers) return resolve()
            // Nothing else gives the node a range.
            const podCIDR = `10.${244 + (index >> 8)}.${index & 255}.0/24`
            administrator
              .patch(nodes, '', name, { spec: { podCIDR, podCIDRs: [podCIDR] } }, { type: 'merge' }, stop.signal)
              .then(() => resolve(), reject)
          }
          running.push(runSimulatedNode({ transport, name, registryHosts, clock, log, random, delays, onReady }, stop.signal).catch(reject))
        }),
    ),
  )
  await firstAccount
  let listening: Promise<string> | undefined
  const owned = stack.move()
  const cluster: Cluster = {
    client: new Client(owned.use(server.transportFor(adminUser))),
    as: ({ name, groups = [] }) => new Client(owned.use(server.transportFor({ name, groups: [...groups, 'system:authenticated'] }))),
    auditEvents: () => audit.events,
    kubeconfig: () => {
      listening ??= listen(server, signer, owned, log, stop.signal)
      return listening
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
  return { cluster, server, signer, runtimes }
}

/** No pod is admitted before its namespace has its account, which a controller creates. */
function accountOfDefault(store: Store, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const accounts = store.collection({ groupResource: 'serviceaccounts' })
    const watch = accounts.watch({ namespace: 'default', name: 'default', after: store.revision })
    const done = () => {
      watch.close()
      resolve()
    }
    watch.onEvents(done)
    if (accounts.get('default', 'default') !== undefined) done()
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

/** The tunnel of a node in this process: the same protocol over a pair of streams. */
function connectInProcess(server: ApiServer, name: string, requests: NodeRequestOptions, signal: AbortSignal): void {
  const [serverSide, nodeSide] = duplexPair()
  serveNodeRequests(performServerHandshake(nodeSide), requests, signal)
  server.nodeTunnels.accept(name, serverSide, randomUUID())
}

async function listen(server: ApiServer, signer: Signer, stack: AsyncDisposableStack, log: Logger, signal: AbortSignal): Promise<string> {
  const { keyPem, csr } = await createKeyAndCsr({ commonName: 'kube-apiserver' })
  const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }
  const [certificate, ca, clientAuthorities, admin] = await Promise.all([
    signer.issueCertificate(
      { authority: 'serving', csr, commonName: 'kube-apiserver', organizations: [], ...names, lifetimeSeconds: daySeconds },
      signal,
    ),
    signer.authority('serving', signal),
    signer.authority('client', signal),
    issueIdentity(signer, adminUser.name, [administratorsGroup], daySeconds, signal),
  ])
  const listener = stack.use(
    new Listener({ hosts: ['127.0.0.1'], port: 0, serving: { certificate, key: keyPem }, clientAuthorities, handle: server.handle, log }),
  )
  const { port } = await listener.listen()
  return formatKubeconfig({ server: `https://127.0.0.1:${port}`, ca, user: adminUser.name, credentials: admin })
}
