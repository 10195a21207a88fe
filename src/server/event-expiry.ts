// Deletes Events that were not updated for an hour, like upstream's `--event-ttl`.
import { type Clock, pause } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { writeJson } from '../base/write-json.ts'
import type { Collection, Entry, Store } from '../store/store.ts'
import type { InProcessTransport } from './http/in-process.ts'
import type { ServedResources } from './resource/served-resource.ts'

const ttlMs = 3_600_000
const periodMs = 60_000

export interface EventExpiryOptions {
  readonly events: Collection
  /** The newest revision of the store. */
  revision(): number
  /** Deletes exactly this version, through the API: authorized and audited like every write. */
  remove(entry: Entry, signal: AbortSignal): Promise<void>
  readonly clock: Clock
  readonly log: Logger
}

interface Checkpoint {
  readonly at: number
  readonly revision: number
}

/**
 * Runs until the signal. The age of an entry follows from its revision and the store's revision at known times, so that no event has to be
 * parsed. After a restart the hour starts again.
 */
export async function runEventExpiry(options: EventExpiryOptions, signal: AbortSignal): Promise<void> {
  const { events, revision, remove, clock, log } = options
  let checkpoints: Checkpoint[] = [{ at: clock.monotonic(), revision: revision() }]
  while (!signal.aborted) {
    await pause(clock, periodMs, signal)
    if (signal.aborted) return
    const now = clock.monotonic()
    checkpoints.push({ at: now, revision: revision() })
    const old = checkpoints.findLastIndex(({ at }) => at <= now - ttlMs)
    const limit = checkpoints[old]
    if (limit === undefined) continue
    // Older checkpoints are not needed.
    checkpoints = checkpoints.slice(old)
    for (const entry of events.list({}).entries) {
      if (entry.revision > limit.revision || signal.aborted) continue
      try {
        await remove(entry, signal)
      } catch (err) {
        if (!signal.aborted) log.error('expired event not deleted', { event: `${entry.namespace}/${entry.name}`, err })
      }
    }
  }
}

export interface ServedEvents {
  readonly resources: ServedResources
  readonly store: Store
  /** As the system itself. */
  readonly transport: InProcessTransport
  readonly clock: Clock
  readonly log: Logger
}

/** Where this server serves events; until the signal. */
export async function expireServedEvents({ resources, store, transport, clock, log }: ServedEvents, signal: AbortSignal): Promise<void> {
  const events = resources.byGroupResource('events')
  if (events === undefined) return
  const remove = (entry: Entry, until: AbortSignal) => removeVersion(transport, entry, until)
  await runEventExpiry({ events: events.collection, revision: () => store.revision, remove, clock, log }, signal)
}

async function removeVersion(transport: InProcessTransport, { namespace, name, revision }: Entry, signal: AbortSignal): Promise<void> {
  const preconditions = { resourceVersion: String(revision) }
  const body = Buffer.from(writeJson({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions }))
  const path = `/api/v1/namespaces/${namespace}/events/${name}`
  const answer = await transport.request({ method: 'DELETE', path, headers: { 'content-type': 'application/json' }, body }, signal)
  for await (const _ of answer.body);
  // 404 and 409: another client deleted or updated it in between.
  if (answer.status >= 300 && answer.status !== 404 && answer.status !== 409) throw new Error(`the API answered ${answer.status}`)
}
