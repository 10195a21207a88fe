// For tests: calls one plug-in alone, over a cluster with given objects.

import type { KubeObject } from '../api/object.ts'
import type { ResourceDefinition } from '../api/resources/resource.ts'
import { ApiError } from '../api/status.ts'
import type { ObjectChange, ObjectSelection, StoreReader } from '../api/store-view.ts'
import type { UserInfo } from '../api/user.ts'
import { silentLogger } from '../base/log.ts'
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'
import type { AdmissionMetrics } from './admission-metrics.ts'
import { ObjectWaiter } from './object-waiter.ts'
import type { MutatingAdmissionPolicyOptions } from './plugins/mutating-admission-policy.ts'
import type { ValidatingAdmissionPolicyOptions } from './plugins/validating-admission-policy.ts'
import type { QuotaSource } from './quota/quota-source.ts'
import { servedKinds } from './served-kinds.ts'
import { HookHealth } from './webhook/hook-health.ts'
import type { WebhookContext } from './webhook/review-by-hook.ts'

export const noAdmissionMetrics: AdmissionMetrics = {
  hook: () => undefined,
  policy: () => undefined,
  mutation: () => undefined,
  hooksAre: () => undefined,
  policiesAre: () => undefined,
}

/** The objects of the cluster, by group resource. */
export function readerOf(objects: Readonly<Record<string, readonly KubeObject[]>>): StoreReader {
  const list = (resource: string, namespace?: string) =>
    (objects[resource] ?? []).filter(({ metadata }) => namespace === undefined || (metadata.namespace ?? '') === namespace)
  return { list, get: (resource, namespace, name) => list(resource, namespace).find(({ metadata }) => metadata.name === name) }
}

/** A store that tests change: `put` and `remove` are visible at once. */
export class FakeStoreView implements QuotaSource {
  readonly #objects = new Map<string, Map<string, KubeObject>>()
  readonly #listeners: { readonly resource: string; listener(change: ObjectChange): void }[] = []
  readonly #byteListeners: ((namespace: string) => void)[] = []
  readonly #bytes = new Map<string, number>()
  revision = 1
  /** Whether changes carry parsed objects. */
  parsed = true

  constructor(objects: Readonly<Record<string, readonly KubeObject[]>> = {}) {
    for (const [resource, all] of Object.entries(objects)) for (const object of all) this.put(resource, object)
  }

  /** Objects that do not exist yet. */
  readonly absent = new Set<string>()

  serves(resource: string): boolean {
    return !this.absent.has(resource)
  }

  get(resource: string, namespace: string, name: string): KubeObject | undefined {
    return this.#of(resource).get(`${namespace}/${name}`)
  }

  list(resource: string, namespace?: string): readonly KubeObject[] {
    const all = [...this.#of(resource).values()]
    return namespace === undefined ? all : all.filter(({ metadata }) => (metadata.namespace ?? '') === namespace)
  }

  each(resource: string, { namespace }: ObjectSelection = {}): readonly KubeObject[] {
    return this.list(resource, namespace)
  }

  count(resource: string, namespace: string): number {
    return this.absent.has(resource) ? 0 : this.list(resource, namespace).length
  }

  storedBytes(namespace: string, kind: 'objects' | 'news' = 'objects'): number {
    return this.#bytes.get(`${kind}/${namespace}`) ?? 0
  }

  followStoredBytes(listener: (namespace: string) => void): void {
    this.#byteListeners.push(listener)
  }

  /** Sets the size that the store reports. */
  storeBytes(namespace: string, bytes: number, kind: 'objects' | 'news' = 'objects'): void {
    this.#bytes.set(`${kind}/${namespace}`, bytes)
    for (const listener of this.#byteListeners) listener(namespace)
  }

  follow(resource: string, listener: (change: ObjectChange) => void): void {
    this.#listeners.push({ resource, listener })
  }

  put(resource: string, sent: KubeObject): void {
    const { namespace = '', name = '' } = sent.metadata
    const known = this.get(resource, namespace, name) !== undefined
    this.revision++
    const object = { ...sent, metadata: { ...sent.metadata, resourceVersion: String(this.revision) } }
    this.#of(resource).set(`${namespace}/${name}`, object)
    this.#tell(resource, known ? 'MODIFIED' : 'ADDED', object)
  }

  remove(resource: string, namespace: string, name: string): void {
    const object = this.get(resource, namespace, name)
    if (object === undefined) throw new Error(`${resource} ${namespace}/${name} does not exist`)
    this.#of(resource).delete(`${namespace}/${name}`)
    this.revision++
    this.#tell(resource, 'DELETED', object)
  }

  #tell(resource: string, type: ObjectChange['type'], object: KubeObject): void {
    const { namespace = '', name = '' } = object.metadata
    const change = { type, namespace, name, revision: this.revision, object, objectAtHand: this.parsed ? object : undefined }
    for (const follower of this.#listeners) if (follower.resource === resource) follower.listener(change)
  }

  #of(resource: string): Map<string, KubeObject> {
    let found = this.#objects.get(resource)
    if (found === undefined) {
      found = new Map()
      this.#objects.set(resource, found)
    }
    return found
  }
}

export interface Asked {
  readonly resource: ResourceDefinition
  readonly object: KubeObject
  readonly oldObject?: KubeObject
  readonly subresource?: string
  readonly user?: UserInfo
  readonly dryRun?: boolean
}

/** A create, or an update if there is an old object. */
export function requestOf({
  resource,
  object,
  oldObject,
  subresource = '',
  user = { name: 'u', groups: [] },
  dryRun = false,
}: Asked): AdmissionRequest {
  return {
    operation: oldObject === undefined ? 'CREATE' : 'UPDATE',
    resource,
    subresource,
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name ?? '',
    object,
    oldObject,
    user,
    dryRun,
    warn: () => undefined,
    annotate: () => undefined,
  }
}

/** The message of the refusal; undefined if the plug-in does not handle the request or admits it. Changes `object` like the plug-in. */
export async function ask(plugin: AdmissionPlugin, asked: Asked): Promise<string | undefined> {
  const request = requestOf(asked)
  if (!plugin.handles(request)) return undefined
  const { signal } = new AbortController()
  try {
    await plugin.mutate?.(request, signal)
    const verdict = await plugin.validate?.(request, signal)
    return verdict === undefined || verdict.allowed ? undefined : verdict.error.message
  } catch (err) {
    if (err instanceof ApiError) return err.message
    throw err
  }
}

/** The inputs of policy and webhook plug-ins for a cluster without any. */
export function noPolicies(reader: StoreReader): Omit<MutatingAdmissionPolicyOptions & ValidatingAdmissionPolicyOptions, 'reader'> & {
  readonly webhooks: WebhookContext
  readonly waiter: ObjectWaiter
} {
  const kinds = servedKinds([])
  const decide = () => async () => ({ allowed: false, reason: 'nobody may do anything in this test' })
  const nothing = () => Promise.reject(new Error('nothing leaves this test'))
  const sender = { send: nothing, post: nothing }
  const view = { follow: () => undefined }
  const clock = { now: () => 0, monotonic: () => 0, sleep: async () => undefined }
  return {
    waiter: new ObjectWaiter({ view, clock }),
    ...{ kinds, decide, policySources: [], mutatingSources: [], metrics: noAdmissionMetrics },
    webhooks: {
      ...{ reader, kinds, decide, sender, log: silentLogger, exemptsSystem: true, metrics: noAdmissionMetrics },
      view,
      health: new HookHealth(() => undefined),
      clock,
      newUid: () => 'uid',
    },
  }
}
