// Writes core v1 Events about objects in the background: an event that cannot be written never fails the work it reports.

import type { KubeObject } from '../api/object.ts'
import { ApiError, isReason } from '../api/status.ts'
import { CoalescedWork } from '../base/async/coalesced-work.ts'
import { type Clock, formatTime, pause } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Client } from './client.ts'
import { EventCorrelation, type EventInput, objectKey } from './event-correlation.ts'
import { type CoreEvent, events, type ObjectReference } from './resources.ts'

export interface EventRecorderOptions {
  readonly client: Client
  /** For example `deployment-controller` or `kubelet`. */
  readonly component: string
  /** The node, for a node agent. */
  readonly host?: string
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
}

const maxWaiting = 1000
const maxAttempts = 5
const maxMessageLength = 1024
/** Written concurrently, each about a different object: the server commits concurrent writes together, at less than half the cost. */
const maxAtOnce = 10

type Waiting = EventInput & { readonly at: number; readonly annotations?: Readonly<Record<string, string>> }

export class EventRecorder implements AsyncDisposable {
  readonly #options: EventRecorderOptions
  readonly #correlation = new EventCorrelation()
  readonly #stop = new AbortController()
  readonly #waiting: Waiting[] = []
  readonly #work = new CoalescedWork(() => this.#writeAll())
  #sequence: number

  constructor(options: EventRecorderOptions) {
    this.#options = options
    this.#sequence = Math.floor(options.random() * 1_000_000)
  }

  /** Returns at once. `reason` is CamelCase, `message` a sentence. */
  record(
    object: ObjectReference,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    annotations?: Readonly<Record<string, string>>,
  ): void {
    if (this.#stop.signal.aborted) return
    if (this.#waiting.length >= maxWaiting) {
      this.#options.log.debug('event dropped', { object: object.name, reason })
      return
    }
    const at = this.#options.clock.now()
    this.#waiting.push({ object, type, reason, message: cut(message), at, ...(annotations ? { annotations } : {}) })
    this.#work.request()
  }

  /** Resolves when all recorded events are written or given up. */
  async flushed(): Promise<void> {
    await this.#work.idle()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.flushed()
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#stop.signal.aborted) {
      await Promise.all(this.#nextOfDistinctObjects().map(event => this.#write(event)))
    }
  }

  /**
   * The oldest events up to the first about an object that is already among them: whether that is a repetition is known only after the
   * first is written.
   */
  #nextOfDistinctObjects(): Waiting[] {
    const objects = new Set<string>()
    for (const { object } of this.#waiting) {
      const key = objectKey(object)
      if (objects.size === maxAtOnce || objects.has(key)) break
      objects.add(key)
    }
    return this.#waiting.splice(0, objects.size)
  }

  async #write(event: Waiting): Promise<void> {
    const { clock, log } = this.#options
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#writeOnce(event)
      } catch (err) {
        if (this.#stop.signal.aborted) return
        // A refusal is final (a terminating namespace, a missing right); any other error is the connection.
        if (err instanceof ApiError || attempt === maxAttempts) {
          log.debug('cannot write event', { object: event.object.name, reason: event.reason, err })
          return
        }
        await pause(clock, 200 * 2 ** attempt, this.#stop.signal)
      }
    }
  }

  async #writeOnce(event: Waiting): Promise<void> {
    const { client } = this.#options
    const decision = this.#correlation.decide(event, event.at)
    if (decision.write === 'drop') return
    const namespace = event.object.namespace === undefined || event.object.namespace === '' ? 'default' : event.object.namespace
    if (decision.write === 'count') {
      const body = { count: decision.count, lastTimestamp: formatTime(event.at), message: cut(decision.message) }
      try {
        await client.patch(events, namespace, decision.name, body, { type: 'strategic' }, this.#stop.signal)
        this.#correlation.written(decision.key, decision.name, decision.count)
        return
      } catch (err) {
        // The event was deleted (events expire after an hour): a new one is created.
        if (!isReason(err, 'NotFound')) throw err
        this.#correlation.lost(decision.key)
      }
    }
    const created = await client.create(events, namespace, this.#event(event, namespace, decision.message), this.#stop.signal)
    this.#correlation.written(decision.key, created.metadata.name ?? '', 1)
  }

  #event(event: Waiting, namespace: string, message: string): CoreEvent {
    const { component, host } = this.#options
    // Upstream's suffix is the time in nanoseconds; the clock has milliseconds, so a counter fills the rest.
    this.#sequence = (this.#sequence + 1) % 1_000_000
    const suffix = (BigInt(event.at) * 1_000_000n + BigInt(this.#sequence)).toString(16)
    const time = formatTime(event.at)
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {
        name: `${event.object.name ?? 'unknown'}.${suffix}`,
        namespace,
        ...(event.annotations ? { annotations: event.annotations } : {}),
      },
      involvedObject: event.object,
      reason: event.reason,
      message: cut(message),
      type: event.type,
      source: { component, ...(host === undefined ? {} : { host }) },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      reportingComponent: component,
      reportingInstance: host ?? '',
    }
  }
}

/** A copy of the string: a slice would keep the whole message in memory for as long as the event is remembered. */
const cut = (message: string): string =>
  message.length <= maxMessageLength ? message : Buffer.from(message.slice(0, maxMessageLength)).toString()

/** A reference to the object, for events and others; `kind` is a parameter because objects in lists have none. */
export function referenceTo(object: KubeObject, apiVersion: string, kind: string): ObjectReference {
  const { namespace, name, uid, resourceVersion } = object.metadata
  return {
    apiVersion,
    kind,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  }
}
