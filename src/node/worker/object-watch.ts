// Follows the ConfigMaps and Secrets that this node's pods name, each by its own watch: a node may read no others, so it cannot list them.
import type { KubeObject } from '../../api/object.ts'
import type { ConfigMap, Pod, Secret, Service } from '../../api/types/core-v1.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { Informer } from '../../client/cache/informer.ts'
import type { Lister } from '../../client/cache/object-cache.ts'
import type { Client } from '../../client/client.ts'
import type { ResourceRef } from '../../client/resource-ref.ts'
import { configMaps, secrets } from '../../client/resources.ts'
import type { ObjectSource } from '../container/environment.ts'
import { containersOf } from '../pod/pod-containers.ts'

export interface ObjectWatchOptions {
  readonly client: Client
  readonly services: Lister<Service>
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  /** Called when a followed object of this namespace changed. */
  readonly changed: (namespace: string) => void
}

interface Followed {
  readonly informer: Informer<ConfigMap> | Informer<Secret>
  readonly stop: AbortController
  readonly done: Promise<void>
}

/** How long a first read may take before the pod reports it. */
const firstReadMs = 20_000

export class ObjectWatch implements ObjectSource, AsyncDisposable {
  readonly #options: ObjectWatchOptions
  readonly #followed = new Map<string, Followed>()

  constructor(options: ObjectWatchOptions) {
    this.#options = options
  }

  configMap(namespace: string, name: string, signal: AbortSignal): Promise<ConfigMap | undefined> {
    return this.#get('configmap', configMaps, namespace, name, signal)
  }

  secret(namespace: string, name: string, signal: AbortSignal): Promise<Secret | undefined> {
    return this.#get('secret', secrets, namespace, name, signal)
  }

  services(namespace: string): readonly Service[] {
    const { services } = this.#options
    const master = services.get('default', 'kubernetes')
    const own = services.list(namespace)
    return master && namespace !== 'default' ? [master, ...own] : own
  }

  /** Stops following objects that none of these pods names. */
  async keep(pods: Iterable<Pod>): Promise<void> {
    const named = new Set<string>()
    for (const pod of pods) for (const key of objectsOf(pod)) named.add(key)
    const ended = [...this.#followed].filter(([key]) => !named.has(key))
    for (const [key] of ended) this.#followed.delete(key)
    await Promise.all(ended.map(([, followed]) => stop(followed)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#followed.values()].map(stop))
    this.#followed.clear()
  }

  async #get<T extends ConfigMap | Secret>(
    kind: string,
    resource: ResourceRef<T>,
    namespace: string,
    name: string,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const key = `${kind}/${namespace}/${name}`
    let followed = this.#followed.get(key)
    if (!followed) {
      followed = this.#follow(resource, namespace, name)
      this.#followed.set(key, followed)
    }
    const limit = AbortSignal.timeout(firstReadMs)
    try {
      await followed.informer.synced(AbortSignal.any([signal, limit]))
    } catch (cause) {
      signal.throwIfAborted()
      throw new Error(`failed to sync ${kind} cache: timed out waiting for the condition`, { cause })
    }
    // The key contains the kind, so the informer is one of T.
    return followed.informer.get(namespace, name) as T | undefined
  }

  #follow<T extends KubeObject>(resource: ResourceRef<T>, namespace: string, name: string): Followed {
    const { client, clock, log, random, changed } = this.#options
    const informer = new Informer<T>({ client, resource, namespace, fieldSelector: `metadata.name=${name}`, clock, log, random })
    const tell = () => {
      if (informer.hasSynced) changed(namespace)
    }
    informer.onChange({ add: tell, update: tell, delete: tell })
    const abort = new AbortController()
    return { informer: informer as unknown as Followed['informer'], stop: abort, done: informer.run(abort.signal) }
  }
}

async function stop({ stop, done }: Followed): Promise<void> {
  stop.abort()
  await done
}

/** `configmap/namespace/name` and `secret/namespace/name` for all objects that the pod names. */
function objectsOf(pod: Pod): Set<string> {
  const { namespace } = pod.metadata
  const keys = new Set<string>()
  const add = (kind: 'configmap' | 'secret', name: string | undefined) => {
    if (name) keys.add(`${kind}/${namespace}/${name}`)
  }
  for (const { name } of pod.spec.imagePullSecrets ?? []) add('secret', name)
  for (const { configMap, secret, projected } of pod.spec.volumes ?? []) {
    add('configmap', configMap?.name)
    add('secret', secret?.secretName)
    for (const source of projected?.sources ?? []) {
      add('configmap', source.configMap?.name)
      add('secret', source.secret?.name)
    }
  }
  for (const { spec } of containersOf(pod)) {
    for (const { configMapRef, secretRef } of spec.envFrom ?? []) {
      add('configmap', configMapRef?.name)
      add('secret', secretRef?.name)
    }
    for (const { valueFrom } of spec.env ?? []) {
      add('configmap', valueFrom?.configMapKeyRef?.name)
      add('secret', valueFrom?.secretKeyRef?.name)
    }
  }
  return keys
}
