// Stores and signers for clusters of tests. The bootstrap of a cluster, its keys and the certificates of its authorities take most of the time of a small
// test: a process makes them once, and each cluster gets its own store with the same objects and its own signer with the same keys.
import type { Features } from '../../api/features.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import type { Profile } from '../../base/config/config.ts'
import { type Logger, silentLogger } from '../../base/log.ts'
import { machineMemory } from '../../base/machine-memory.ts'
import { createRegistry } from '../../base/metrics/metrics.ts'
import { authorityNames, type KeyMaterial, newKeyMaterial } from '../../signer/key-material.ts'
import { createKeySigner } from '../../signer/key-signer.ts'
import { createMemorySigner } from '../../signer/memory-signer.ts'
import type { Signer } from '../../signer/signer.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { openRestoredMemory } from '../../store/restored-memory.ts'
import type { RestoredObject } from '../../store/restored-object.ts'
import type { Store } from '../../store/store.ts'
import { defaultStoredBytes } from '../../store/stored-limit.ts'
import { bootstrap } from '../bootstrap/bootstrap.ts'
import { openControlPlane } from '../control-plane.ts'
import { type Cluster, type ClusterParts, type StartClusterOptions, startClusterParts } from '../start-cluster.ts'

export type { Cluster }

export const testServiceCidr = '10.96.0.0/16'

interface Bootstrapped {
  readonly objects: readonly RestoredObject[]
  readonly revision: number
}

interface BootstrapKind {
  readonly profile: Profile
  readonly features: Features | undefined
  readonly namespaceDefaults: boolean
}

const made = new Map<string, Promise<Bootstrapped>>()
let keys: Promise<KeyMaterial> | undefined
/** What this process shares is not older than this: a clock of an earlier time gets its own. */
const began = Date.now()

/** As after a bootstrap of this kind. */
export async function bootstrappedStore(
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
  kind: BootstrapKind,
): Promise<Store> {
  const options = { clock, log, maxStoredBytes: defaultStoredBytes(machineMemory()) }
  if (clock.now() < began) return createMemoryStore(options)
  const key = JSON.stringify(kind)
  let known = made.get(key)
  if (known === undefined) {
    known = bootstrapOnce(kind)
    made.set(key, known)
  }
  const { objects, revision } = await known
  return openRestoredMemory(objects, revision, options)
}

/** With the keys of this process. A test of what another cluster signed gives it a signer of its own. */
export async function sharedKeySigner(clock: Clock = systemClock): Promise<Signer> {
  if (clock.now() < began) return createMemorySigner({ clock })
  keys ??= keysWithCertificates()
  return createKeySigner(await keys, clock)
}

/** As the one of `start-cluster.ts`. */
export async function startCluster(options: StartClusterOptions = {}): Promise<Cluster> {
  return (await startTestClusterParts(options)).cluster
}

export async function startTestClusterParts(options: StartClusterOptions = {}): Promise<ClusterParts> {
  const { clock = systemClock, log = silentLogger, profile = 'secure', controllers = true, features } = options
  const namespaceDefaults = profile === 'secure' && controllers
  const store = await bootstrappedStore({ clock, log }, { profile, features, namespaceDefaults })
  return startClusterParts(options, { store, signer: await sharedKeySigner(clock) })
}

async function bootstrapOnce({ profile, features, namespaceDefaults }: BootstrapKind): Promise<Bootstrapped> {
  const stop = new AbortController()
  await using signer = await sharedKeySigner()
  await using store = createMemoryStore()
  const audit = { record: () => undefined, refusal: () => undefined }
  const parts = { store, signer, audit, clock: systemClock, log: silentLogger, metrics: createRegistry() }
  await using server = await openControlPlane({
    ...parts,
    profile,
    bootstrapTokens: false,
    serviceCidr: testServiceCidr,
    ...(features === undefined ? {} : { features }),
    signal: stop.signal,
  })
  await bootstrap({ server, store, signer, namespaceDefaults, signal: stop.signal })
  const objects = store.collections().flatMap(collection =>
    collection.list({}).entries.map(({ namespace, name, revision, bytes, labels }) => ({
      ...{ groupResource: collection.groupResource, namespace, name, revision, bytes, labels },
    })),
  )
  stop.abort(new Error('the bootstrap is done'))
  return { objects, revision: store.revision }
}

async function keysWithCertificates(): Promise<KeyMaterial> {
  const material = newKeyMaterial()
  await using signer = createKeySigner(material, systemClock)
  const { signal } = new AbortController()
  await Promise.all(authorityNames.map(name => signer.authority(name, signal)))
  return material
}
