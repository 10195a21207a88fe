// A cache of one resource that follows the API server: list, then watch, then watch again from the last version seen.

import type { KubeObject, ObjectMeta } from '../../api/object.ts'
import { ApiError } from '../../api/status.ts'
import { untilAborted } from '../../base/async/abort.ts'
import { type Clock, pause } from '../../base/clock.ts'
import { deepFreeze } from '../../base/data/freeze.ts'
import type { Logger } from '../../base/log.ts'
import type { Client } from '../client.ts'
import { listPages } from '../list-pages.ts'
import { type ResourceRef, refName } from '../resource-ref.ts'
import { type IndexFunction, type Lister, ObjectCache } from './object-cache.ts'
import { keyOf } from './object-key.ts'

export interface InformerOptions<T extends KubeObject> {
  readonly client: Client
  readonly resource: ResourceRef<T>
  /** Undefined: all namespaces. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** Requests and keeps only metadata; the rest of T must not be read. */
  readonly metadataOnly?: boolean
  /** Drops what no reader needs, before the object is frozen. */
  readonly transform?: (object: T) => T
  readonly clock: Clock
  readonly log: Logger
  /** In [0, 1), for jitter. */
  readonly random: () => number
}

/** Called in the order of changes, after the cache is updated. Must not throw. */
export interface InformerHandler<T> {
  add?(object: T): void
  update?(object: T, old: T): void
  /** The last known state; after a gap it may be older than the final one. */
  delete?(object: T): void
}

const firstRetryMs = 50
const maxRetryMs = 10_000
/** No attempt to open a watch takes this long: a watch that ends later was open, and its end counts as a first failure. */
const surelyOpenMs = 60_000

export class Informer<T extends KubeObject> implements Lister<T> {
  readonly resource: ResourceRef<T>
  readonly #options: InformerOptions<T>
  readonly #cache = new ObjectCache<T>()
  readonly #handlers = new Set<InformerHandler<T>>()
  readonly #synced = Promise.withResolvers<void>()
  #hasSynced = false
  #resourceVersion = ''
  #failures = 0

  constructor(options: InformerOptions<T>) {
    this.#options = options
    this.resource = options.resource
  }

  /** Whether the cache has held a complete list. */
  get hasSynced(): boolean {
    return this.#hasSynced
  }

  /** The version up to which the cache is known to be current. */
  get resourceVersion(): string {
    return this.#resourceVersion
  }

  get size(): number {
    return this.#cache.size
  }

  get metadataOnly(): boolean {
    return this.#options.metadataOnly === true
  }

  /** Resolves when the first list is in the cache; rejects with the signal's reason. */
  async synced(signal: AbortSignal): Promise<void> {
    if (!this.#hasSynced) await untilAborted(this.#synced.promise, signal)
  }

  /** The handler gets all objects of the cache, then each change, until the returned function is called. */
  onChange(handler: InformerHandler<T>): () => void {
    this.#handlers.add(handler)
    if (handler.add !== undefined) for (const object of this.#cache.list()) handler.add(object)
    return () => this.#handlers.delete(handler)
  }

  addIndex(name: string, valuesOf: IndexFunction<T>): void {
    this.#cache.addIndex(name, valuesOf)
  }

  get(namespace: string, name: string): T | undefined {
    return this.#cache.get(namespace, name)
  }

  getByKey(key: string): T | undefined {
    return this.#cache.getByKey(key)
  }

  list(namespace?: string): readonly T[] {
    return this.#cache.list(namespace)
  }

  byIndex(index: string, value: string): readonly T[] {
    return this.#cache.byIndex(index, value)
  }

  /** Follows the server until the signal; failures are logged and retried with back-off and jitter. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.#options
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === '') await this.#relist(signal)
        await this.#follow(signal)
      } catch (err) {
        if (signal.aborted) return
        if (isExpired(err)) {
          this.#resourceVersion = ''
          log.debug('watch expired', { resource: refName(this.resource) })
        } else {
          const level = this.#failures === 0 ? 'info' : 'debug'
          log[level]('informer lost the server', { resource: refName(this.resource), err })
        }
        const wait = Math.min(firstRetryMs * 2 ** this.#failures, maxRetryMs)
        this.#failures++
        await pause(clock, wait * (0.5 + random()), signal)
      }
    }
  }

  async #relist(signal: AbortSignal): Promise<void> {
    const { client, namespace, labelSelector, fieldSelector, metadataOnly } = this.#options
    const selection = { namespace, labelSelector, fieldSelector, metadataOnly }
    const gone = new Set(this.#cache.keys())
    let version = ''
    // Pages are used only when all have arrived: an expired chain must not look like deletions.
    const objects: T[] = []
    const listPage = (limit: number, token: string) =>
      client.list(this.resource, { ...defined(selection), limit, ...(token === '' ? {} : { continue: token }) }, signal)
    for await (const page of listPages(listPage)) {
      for (const object of page.items) objects.push(this.#prepare(object))
      version = page.resourceVersion
    }
    for (const object of objects) {
      gone.delete(keyOf(object))
      this.#put(object)
    }
    for (const key of gone) this.#remove(key)
    this.#resourceVersion = version
    this.#failures = 0
    if (!this.#hasSynced) {
      this.#hasSynced = true
      this.#synced.resolve()
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { client, namespace, labelSelector, fieldSelector, metadataOnly, random, clock } = this.#options
    const selection = { namespace, labelSelector, fieldSelector, metadataOnly }
    const watch = client.watch(
      this.resource,
      {
        ...defined(selection),
        resourceVersion: this.#resourceVersion,
        allowWatchBookmarks: true,
        timeoutSeconds: Math.round(300 * (1 + random())),
      },
      signal,
    )
    const began = clock.monotonic()
    try {
      for await (const events of watch) {
        this.#failures = 0
        for (const event of events) {
          if (event.type === 'DELETED') this.#remove(keyOf(event.object), this.#prepare(event.object))
          else if (event.type !== 'BOOKMARK') this.#put(this.#prepare(event.object))
          this.#resourceVersion = event.object.metadata.resourceVersion ?? this.#resourceVersion
        }
      }
    } finally {
      if (clock.monotonic() - began >= surelyOpenMs) this.#failures = 0
    }
    // A server that ends each watch at once must not be called in a tight loop.
    if (clock.monotonic() - began < 1000) throw new Error('the watch was ended within a second')
  }

  #prepare(object: T): T {
    // Objects of a watch have none.
    if (object.metadata.managedFields !== undefined) object.metadata = withoutManagedFields(object.metadata)
    const kept = this.metadataOnly ? onlyMetadata(object) : object
    return deepFreeze(this.#options.transform?.(kept) ?? kept)
  }

  #put(object: T): void {
    const before = this.#cache.getByKey(keyOf(object))
    if (before !== undefined && before.metadata.resourceVersion === object.metadata.resourceVersion) return
    if (before !== undefined && before.metadata.uid !== object.metadata.uid) {
      // Deleted and created again during a gap: handlers must see both.
      this.#remove(keyOf(object))
      this.#put(object)
      return
    }
    this.#cache.set(object)
    if (before === undefined) for (const handler of this.#handlers) handler.add?.(object)
    else for (const handler of this.#handlers) handler.update?.(object, before)
  }

  #remove(key: string, lastState?: T): void {
    const old = this.#cache.delete(key)
    if (old !== undefined) for (const handler of this.#handlers) handler.delete?.(lastState ?? old)
  }
}

function isExpired(err: unknown): boolean {
  return err instanceof ApiError && err.status.code === 410
}

/**
 * Managed fields are often half of an object, and no reader of a cache needs them: an update without them keeps the server's. A new object
 * is created, because deleting a member makes it a hash table, which takes V8 twice the memory while it is cached.
 */
function withoutManagedFields({ managedFields: _, ...metadata }: ObjectMeta): ObjectMeta {
  return metadata
}

function onlyMetadata<T extends KubeObject>(object: T): T {
  const { apiVersion, kind, metadata } = object
  // `metadataOnly` promises that its readers use nothing else.
  return { ...(apiVersion === undefined ? {} : { apiVersion }), ...(kind === undefined ? {} : { kind }), metadata } as T
}

function defined<O extends object>(options: O): Partial<{ [K in keyof O]: Exclude<O[K], undefined> }> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<{
    [K in keyof O]: Exclude<O[K], undefined>
  }>
}
