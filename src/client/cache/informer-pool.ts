// One informer per resource, shared by all controllers of a process.
import type { KubeObject } from '../../api/object.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Client } from '../client.ts'
import { type ResourceRef, refName } from '../resource-ref.ts'
import { Informer } from './informer.ts'

export interface InformerPoolOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
}

export interface ObjectSelection {
  /** Default: all namespaces. */
  readonly namespace?: string
  readonly fieldSelector: string
}

/** Informers start when the pool runs; those that are added later start at once. */
export class InformerPool {
  readonly #options: InformerPoolOptions
  readonly #informers = new Map<string, Entry>()
  #signal: AbortSignal | undefined

  constructor(options: InformerPoolOptions) {
    this.#options = options
  }

  /** Informer of the whole objects of a resource. */
  full<T extends KubeObject>(resource: ResourceRef<T>): Informer<T> {
    const found = this.#informers.get(refName(resource))
    // The key is the resource, and a resource has one type.
    if (found !== undefined && !found.informer.metadataOnly) return found.informer as unknown as Informer<T>
    return this.#add(refName(resource), new Informer({ ...this.#options, resource }))
  }

  /** Informer of some objects of a resource: a client that needs few of many must neither keep nor be able to read all. */
  selected<T extends KubeObject>(resource: ResourceRef<T>, { namespace, fieldSelector }: ObjectSelection): Informer<T> {
    const key = `${refName(resource)} in ${namespace ?? 'all namespaces'} with ${fieldSelector}`
    const found = this.#informers.get(key)
    // The key includes the resource, and a resource has one type.
    if (found !== undefined) return found.informer as unknown as Informer<T>
    return this.#add(key, new Informer({ ...this.#options, resource, fieldSelector, ...(namespace === undefined ? {} : { namespace }) }))
  }

  /** Informer of metadata only; uses the one of whole objects if it exists. */
  metadata(resource: ResourceRef): Informer<KubeObject> {
    const found = this.#informers.get(refName(resource)) ?? this.#informers.get(`${refName(resource)} metadata`)
    if (found !== undefined) return found.informer
    return this.#add(`${refName(resource)} metadata`, new Informer({ ...this.#options, resource, metadataOnly: true }))
  }

  /** Stops the metadata informer of a resource that is no longer served. */
  dropMetadata(resource: ResourceRef): void {
    const key = `${refName(resource)} metadata`
    this.#informers.get(key)?.stop.abort()
    this.#informers.delete(key)
  }

  /** Resolves when all current informers have their first list. */
  async synced(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#informers.values()].map(({ informer }) => informer.synced(signal)))
  }

  /** Runs all informers until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal
    for (const entry of this.#informers.values()) this.#start(entry, signal)
    if (!signal.aborted) await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
    await Promise.all([...this.#informers.values()].flatMap(({ running }) => (running === undefined ? [] : [running])))
  }

  #add<T extends KubeObject>(key: string, informer: Informer<T>): Informer<T> {
    const entry: Entry = { informer: informer as unknown as Informer<KubeObject>, stop: new AbortController(), running: undefined }
    this.#informers.set(key, entry)
    if (this.#signal !== undefined) this.#start(entry, this.#signal)
    return informer
  }

  #start(entry: Entry, signal: AbortSignal): void {
    entry.running = entry.informer.run(AbortSignal.any([signal, entry.stop.signal]))
  }
}

interface Entry {
  readonly informer: Informer<KubeObject>
  readonly stop: AbortController
  running: Promise<void> | undefined
}
