// Correlates events: repeated ones become a count, similar ones one combined event, floods are dropped (client-go's EventCorrelator).

import { TokenBucket } from '../base/async/token-bucket.ts'
import type { ObjectReference } from './resources.ts'

export interface EventInput {
  readonly object: ObjectReference
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

/** What to write: a new event, or a higher count of an existing one. */
export type EventWrite =
  | { readonly write: 'create'; readonly key: string; readonly message: string }
  | {
      readonly write: 'count'
      readonly key: string
      readonly message: string
      readonly name: string
      readonly count: number
    }
  | { readonly write: 'drop' }

/** Limits of client-go's record/events_cache.go. */
const maxKeys = 4096
const similarLimit = 10
const similarWindowMs = 600_000
const spamBurst = 25
const spamPerSecond = 1 / 300

interface Seen {
  name: string
  count: number
}

export class EventCorrelation {
  readonly #seen = new Map<string, Seen>()
  readonly #similar = new Map<string, { messages: Set<string>; last: number }>()
  readonly #buckets = new Map<string, TokenBucket>()

  decide(event: EventInput, now: number): EventWrite {
    const object = objectKey(event.object)
    if (!this.#bucket(object, now).take(now)) return { write: 'drop' }
    const message = this.#aggregate(`${object}\0${event.type}\0${event.reason}`, event.message, now)
    const combined = message !== event.message
    const key = `${object}\0${event.object.fieldPath ?? ''}\0${event.type}\0${event.reason}\0${combined ? '' : message}`
    const seen = this.#seen.get(key)
    if (seen === undefined) return { write: 'create', key, message }
    return { write: 'count', key, message, name: seen.name, count: seen.count + 1 }
  }

  /** The event of `key` is on the server under this name with this count. */
  written(key: string, name: string, count: number): void {
    remember(this.#seen, key, { name, count })
  }

  /** The event of `key` is no longer on the server. */
  lost(key: string): void {
    this.#seen.delete(key)
  }

  #aggregate(group: string, message: string, now: number): string {
    const known = this.#similar.get(group)
    const fresh = known !== undefined && now - known.last <= similarWindowMs
    const record = fresh ? known : { messages: new Set<string>(), last: now }
    record.messages.add(message)
    record.last = now
    remember(this.#similar, group, record)
    if (record.messages.size < similarLimit) return message
    // Keeps the set small: the messages are no longer needed.
    record.messages.delete(message)
    return `(combined from similar events): ${message}`
  }

  #bucket(object: string, now: number): TokenBucket {
    const bucket = this.#buckets.get(object) ?? new TokenBucket({ burst: spamBurst, perSecond: spamPerSecond, now })
    remember(this.#buckets, object, bucket)
    return bucket
  }
}

/** Identifies an object: events about different objects are never combined. */
export function objectKey({ kind, namespace, name, uid, apiVersion }: ObjectReference): string {
  return [kind, namespace, name, uid, apiVersion].join('\0')
}

/** Sets the value, and drops the oldest entry above the limit. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= maxKeys) return
  for (const oldest of map.keys()) {
    map.delete(oldest)
    return
  }
}
