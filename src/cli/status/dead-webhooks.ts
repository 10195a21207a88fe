// Webhooks that failed recently, from Events of the API server.
import type { CoreEvent } from '../../client/resources.ts'

/** Older events do not count: while requests fail, the server writes one at least every 30 seconds. */
const recentMs = 90_000

/** One sentence for each; `now` in milliseconds since the epoch. */
export function deadWebhooks(failures: readonly CoreEvent[], now: number): string[] {
  return failures
    .filter(({ lastTimestamp }) => now - Date.parse(lastTimestamp ?? '') < recentMs)
    .map(({ involvedObject: { kind = '', name = '' }, message = '', lastTimestamp = '' }) => {
      return `A webhook of ${kind} "${name}" did not answer at ${lastTimestamp}: ${message}`
    })
}
