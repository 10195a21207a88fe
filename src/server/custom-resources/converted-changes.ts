// The changes that a watch sees if a webhook converts: each object is converted before it is evaluated or sent.
import type { Entry, Watched } from '../../store/store.ts'
import { seenAs } from '../../store/watcher.ts'
import type { Conversion } from '../resource/conversion.ts'

/**
 * The changes for the watch, ready to be viewed. `viewed` selects among the objects that the store has selected; undefined selects all.
 * Rejects if the webhook fails.
 */
export async function convertedChanges(
  conversion: Conversion,
  viewed: ((entry: Entry) => boolean) | undefined,
  changes: readonly Watched[],
  signal: AbortSignal,
): Promise<readonly Watched[]> {
  const seen = viewed === undefined ? changes : await selected(conversion, viewed, changes, signal)
  await conversion.prepare(
    seen.map(({ event, type }) => event.entryAs(type)),
    signal,
  )
  return seen
}

async function selected(
  conversion: Conversion,
  viewed: (entry: Entry) => boolean,
  changes: readonly Watched[],
  signal: AbortSignal,
): Promise<Watched[]> {
  const looked = changes.flatMap(({ event: { entry, previous } }) => (previous === undefined ? [entry] : [entry, previous]))
  await conversion.prepare(looked, signal)
  return changes.flatMap(({ type, event }) => {
    const before = type !== 'ADDED' && event.previous !== undefined && viewed(event.previous)
    const now = type !== 'DELETED' && viewed(event.entry)
    const seen = seenAs(before, now)
    return seen === undefined ? [] : [{ type: seen, event }]
  })
}
