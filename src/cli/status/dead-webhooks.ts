// Webhooks that did not answer lately, from the Events that the API server writes of them.
import type { CoreEvent } from '../../client/resources.ts'

/** What is older says nothing of now: the server tells at least every half minute while requests fail. */
const recentMs = 90_000

/** One sentence each; `now` in milliseconds since the epoch. */
export function deadWebhooks(failures: readonly CoreEvent[], now: number): string[] {
  return failures
    .filter(({ lastTimestamp }) => now - Date.parse(lastTimestamp ?? '') < recentMs)
    .map(({ involvedObject: { kind = '', name = '' }, message = '', lastTimestamp = '' }) => {
      return `A webhook of ${kind} "${name}" did not answer at ${lastTimestamp}: ${message}`
    })
}
