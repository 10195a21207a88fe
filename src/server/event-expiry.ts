// Events are news, not state: one that nobody has updated for an hour is deleted, as upstream's `--event-ttl` does it.
import { type Clock, pause } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Collection, Entry } from '../store/store.ts'

const ttlMs = 3_600_000
const periodMs = 60_000

export interface EventExpiryOptions {
  readonly events: Collection
  /** The newest revision of the store. */
  revision(): number
  /** Deletes this very version, through the API: authorized and audited as every write. */
  remove(entry: Entry, signal: AbortSignal): Promise<void>
  readonly clock: Clock
  readonly log: Logger
}

interface Checkpoint {
  readonly at: number
  readonly revision: number
}

/**
 * Runs until the signal. An entry's age is told by its revision and by what the store's revision was at known times, so that no event has to be
 * parsed. After a restart the hour begins anew.
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
    // Older checkpoints say nothing more.
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
