// `/bulkhead/v1/backup/changes`: all objects and then each change, as lines, for the part `backup`. It is a view of the API: the bytes are those
// with which GET answers, and their digests are computed here, before anything that makes or restores a backup has touched them.
import { createHash, hash } from 'node:crypto'
import { type ControlLine, changesPath, formatControl } from '../../../api/backup/change-feed.ts'
import { formatRecord } from '../../../api/backup/record-line.ts'
import { badRequest } from '../../../api/status.ts'
import { turn } from '../../../base/async/turns.ts'
import { type Entry, RevisionCompacted, type Store } from '../../../store/store.ts'
import type { BodyStream, Sink } from '../../http/exchange.ts'
import type { PathHandler } from '../../request/request-context.ts'
import { StoreChanges } from './store-changes.ts'

/** Records whose digests are computed in one turn of the event loop: about a millisecond. */
const recordsPerTurn = 200
/** A reader that is further behind is cut off, and begins anew later: waiting changes hold old versions of objects in memory. */
const maxWaiting = 100_000
/** How often the reader learns that nothing has changed. */
const idleMs = 250

export function changesPathHandler(store: Store): PathHandler {
  return async ({ query }, path) => {
    if (path !== changesPath) return undefined
    const after = query.get('after')
    if (after !== undefined && !/^\d{1,15}$/.test(after)) throw badRequest(`after must be a revision, got "${after}"`)
    return {
      status: 200,
      contentType: 'application/jsonl',
      body: changes(store, after === undefined ? undefined : Number(after)),
      longRunning: true,
    }
  }
}

const changes =
  (store: Store, after: number | undefined): BodyStream =>
  async (sink, signal, begun) => {
    const wake = new Wake()
    await store.settled()
    const resumed = after === undefined ? undefined : resume(store, after, wake)
    using followed = resumed ?? new StoreChanges(store, store.revision, () => wake.up())
    // Taken in the same turn, so that no change lies between.
    const snapshot = resumed === undefined ? objectsOf(store) : undefined
    begun?.()
    if (snapshot !== undefined) await sendSnapshot(snapshot, followed.reached, sink)
    await sendChanges(store, followed, sink, wake, signal)
  }

/** Undefined if the changes since are no longer known, or the revision is of another store. */
function resume(store: Store, after: number, wake: Wake): StoreChanges | undefined {
  if (after > store.revision) return undefined
  try {
    return new StoreChanges(store, after, () => wake.up())
  } catch (err) {
    if (err instanceof RevisionCompacted) return undefined
    throw err
  }
}

interface Objects {
  readonly resource: string
  readonly entries: readonly Entry[]
}

function objectsOf(store: Store): Objects[] {
  return store
    .collections()
    .filter(({ size }) => size > 0)
    .sort((one, other) => (one.groupResource < other.groupResource ? -1 : 1))
    .map(collection => ({ resource: collection.groupResource, entries: collection.list({}).entries }))
}

async function sendSnapshot(all: readonly Objects[], revision: number, sink: Sink): Promise<void> {
  const objects = all.reduce((sum, { entries }) => sum + entries.length, 0)
  await send(sink, [control({ control: 'snapshot', revision, objects })])
  const digest = createHash('sha256')
  for (const { resource, entries } of all) {
    for (let from = 0; from < entries.length; from += recordsPerTurn) {
      const lines = entries.slice(from, from + recordsPerTurn).map(entry => {
        const { line, sha256 } = lineOf(resource, entry)
        digest.update(sha256)
        return line
      })
      await send(sink, lines)
      await turn()
    }
  }
  await send(sink, [control({ control: 'complete', revision, objects, digest: digest.digest('hex') })])
}

async function sendChanges(store: Store, followed: StoreChanges, sink: Sink, wake: Wake, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const taken = followed.take(recordsPerTurn)
    const lines = taken.map(({ resource, entry, deleted }) => (deleted ? deletionOf(resource, entry) : lineOf(resource, entry).line))
    const { reached } = followed
    // Otherwise the reader would believe that it has everything, while a change is still on its way.
    if (reached === store.revision) lines.push(control({ control: 'reached', revision: reached, objects: store.status().objects }))
    if (lines.length > 0) await send(sink, lines)
    if (followed.waiting > maxWaiting) return
    if (taken.length < recordsPerTurn) await wake.orAfter(idleMs, signal)
    else await turn()
  }
}

const control = (line: ControlLine): Buffer => formatControl(line)

function lineOf(resource: string, { namespace, name, revision, bytes }: Entry): { readonly line: Buffer; readonly sha256: string } {
  const sha256 = hash('sha256', bytes, 'hex')
  return { line: formatRecord({ resource, namespace, name, revision, sha256, bytes }), sha256 }
}

const deletionOf = (resource: string, { namespace, name, revision }: Entry): Buffer =>
  formatRecord({ resource, namespace, name, revision, sha256: '', bytes: undefined })

async function send(sink: Sink, lines: readonly Buffer[]): Promise<void> {
  if (!sink.write(Buffer.concat(lines))) await sink.drained()
}

/** Wakes the sender when something changed. */
class Wake {
  #waiting: (() => void) | undefined
  #changed = false

  up(): void {
    this.#changed = true
    this.#waiting?.()
  }

  async orAfter(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#changed && !signal.aborted)
      await new Promise<void>(resolve => {
        const done = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          this.#waiting = undefined
          resolve()
        }
        const timer = setTimeout(done, ms)
        signal.addEventListener('abort', done, { once: true })
        this.#waiting = done
      })
    this.#changed = false
  }
}
