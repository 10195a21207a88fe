// A whole API server in memory, empty but for what a new cluster has: the manifests that it is shown become its objects, as in a cluster.
import { type Features, noFeatures } from '../../api/features.ts'
import type { KubeObject } from '../../api/object.ts'
import { clusterDefaultsName, defaultsAnnotation } from '../../api/resources/bulkhead/cluster-defaults.ts'
import type { UserInfo } from '../../api/user.ts'
import { systemClock } from '../../base/clock.ts'
import type { Profile } from '../../base/config.ts'
import { silentLogger } from '../../base/log.ts'
import { createRegistry } from '../../base/metrics.ts'
import { Client } from '../../client/client.ts'
import { clusterDefaults, limitRanges, namespaces, resourceQuotas } from '../../client/resources.ts'
import type { Transport } from '../../client/transport.ts'
import { bootstrap } from '../../cluster/bootstrap.ts'
import { openControlPlane } from '../../cluster/control-plane.ts'
import { defaultObjects } from '../../controllers/namespaces/namespace-defaults.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { keylessSigner } from './keyless-signer.ts'

export interface OfflineServerOptions {
  readonly profile: Profile
  /** Whether anything asks for the roles of a new cluster: making them takes a good part of a short command. */
  readonly roles: boolean
  /** What is off by default; default: nothing of it. */
  readonly features?: Features
  /** Every request passes authorization: the rights of users are for expressions of policies alone. */
  readonly alwaysAllow?: boolean
}

export interface OfflineServer extends AsyncDisposable {
  /** Of the one who applies manifests, with every right. */
  readonly transport: Transport
  /** As this user, whose rights are those of the objects. */
  as(user: UserInfo): Transport
  /** Makes what is not there yet, as the system itself. */
  prepare(objects: readonly KubeObject[]): Promise<void>
  /** Gives new namespaces what a controller would give them before their first pod. */
  finishNamespaces(): Promise<void>
}

/** Nobody in the cluster: the one who applies the manifests, with every right. */
const user: UserInfo = { name: 'bulkhead-check', groups: ['system:masters', 'system:authenticated'] }

export async function openOffline(options: OfflineServerOptions, signal: AbortSignal): Promise<OfflineServer> {
  const { profile, roles, features = noFeatures, alwaysAllow = false } = options
  await using stack = new AsyncDisposableStack()
  const [clock, log] = [systemClock, silentLogger]
  const store = stack.use(createMemoryStore({ clock, log }))
  // Nothing is asked about later, so nothing is written down.
  const audit = { record: () => undefined }
  const server = stack.use(
    await openControlPlane({
      store,
      signer: keylessSigner,
      audit,
      ...{ profile, features, alwaysAllow },
      serviceCidr: '10.96.0.0/16',
      clock,
      log,
      metrics: createRegistry(),
      signal,
      offline: true,
    }),
  )
  await bootstrap({ server, store, namespaceDefaults: profile === 'secure', roles, signal })
  const transport = stack.use(server.transportFor(user))
  const owned = stack.move()
  return {
    transport,
    as: other => owned.use(server.transportFor(other)),
    prepare: objects => server.ensureObjects(objects),
    finishNamespaces: () => finishNamespaces(new Client(transport), signal),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function finishNamespaces(client: Client, signal: AbortSignal): Promise<void> {
  const { items } = await client.list(namespaces, {}, signal)
  const pending = items.filter(({ metadata }) => metadata.annotations?.[defaultsAnnotation] === 'pending')
  if (pending.length === 0) return
  const wanted = (await client.get(clusterDefaults, '', clusterDefaultsName, signal)).spec?.namespaces ?? {}
  for (const { metadata } of pending) {
    const { name = '' } = metadata
    const { limitRange, resourceQuota } = defaultObjects(wanted, name)
    if (limitRange !== undefined) await client.create(limitRanges, name, limitRange, signal)
    if (resourceQuota !== undefined) await client.create(resourceQuotas, name, resourceQuota, signal)
    await client.patch(namespaces, '', name, { metadata: { annotations: { [defaultsAnnotation]: 'applied' } } }, { type: 'merge' }, signal)
  }
}
