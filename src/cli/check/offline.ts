// A whole API server in memory with the content of a new cluster. Manifests that it admits become its objects, as in a cluster.
import { type Features, noFeatures } from '../../api/features.ts'
import type { KubeObject } from '../../api/object.ts'
import { clusterDefaultsName, defaultsAnnotation } from '../../api/resources/bulkhead/cluster-defaults.ts'
import type { UserInfo } from '../../api/user.ts'
import type { Registries } from '../../artifacts/image-verifier.ts'
import { systemClock } from '../../base/clock.ts'
import type { Profile } from '../../base/config/config.ts'
import { silentLogger } from '../../base/log.ts'
import { createRegistry } from '../../base/metrics/metrics.ts'
import { Client } from '../../client/client.ts'
import { clusterDefaults, limitRanges, namespaces, resourceQuotas } from '../../client/resources.ts'
import type { Transport } from '../../client/transport/transport.ts'
import { bootstrap } from '../../cluster/bootstrap/bootstrap.ts'
import { openControlPlane } from '../../cluster/control-plane.ts'
import { LateAuthority } from '../../cluster/late-authority.ts'
import { defaultObjects } from '../../controllers/namespaces/namespace-defaults.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { keylessSigner } from './keyless-signer.ts'

export interface OfflineServerOptions {
  readonly profile: Profile
  /** Whether the roles of a new cluster are needed. Creating them takes much of the time of a short command. */
  readonly roles: boolean
  /** Features that are off by default. Default: none of them. */
  readonly features?: Features
  /** Every request passes authorization; the rights of users are used only in policy expressions. */
  readonly alwaysAllow?: boolean
  /** Where images are; without it, image policies are not evaluated. */
  readonly images?: Registries
}

export interface OfflineServer extends AsyncDisposable {
  /** Requests of the user who applies manifests, with all rights. */
  readonly transport: Transport
  /** Requests of this user, with the rights that the objects grant. */
  as(user: UserInfo): Transport
  /** Creates missing objects as the system. */
  prepare(objects: readonly KubeObject[]): Promise<void>
  /** Gives new namespaces what a controller creates before their first pod. */
  finishNamespaces(): Promise<void>
}

/** Not a user of any cluster: this identity applies the manifests with all rights. */
const user: UserInfo = { name: 'bulkhead-check', groups: ['system:masters', 'system:authenticated'] }

export async function openOffline(options: OfflineServerOptions, signal: AbortSignal): Promise<OfflineServer> {
  const { profile, roles, features = noFeatures, alwaysAllow = false, images } = options
  const authority = images && new LateAuthority()
  await using stack = new AsyncDisposableStack()
  const [clock, log] = [systemClock, silentLogger]
  const store = stack.use(createMemoryStore({ clock, log }))
  // Nobody queries records later, so none are written.
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
      ...(authority === undefined ? {} : { images: authority }),
    }),
  )
  await bootstrap({ server, store, namespaceDefaults: profile === 'secure', roles, signal })
  const transport = stack.use(server.transportFor(user))
  if (images !== undefined && authority !== undefined) {
    // The libraries of signatures are loaded only where they are needed.
    const { runOfflineImages } = await import('./images/offline-images.ts')
    stack.use(await runOfflineImages(new Client(transport), images, signal, ready => authority.set(ready)))
  }
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
