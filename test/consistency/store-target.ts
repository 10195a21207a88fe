// The clients of a run on a store in this process.
import { parseJson } from '../../src/base/json.ts'
import { object, type TestObject, testResource } from '../../src/store/objects.fixture.ts'
import {
  type Collection,
  type Entry,
  RevisionCompacted,
  type Selection,
  type Store,
  WriteConflict,
  WriteFailed,
} from '../../src/store/store.ts'
import type { Version } from './history.ts'
import type { Page, Received, RequestedWrite, Target, WriteAnswer } from './target.ts'

const namespace = 'default'

export class StoreTarget implements Target {
  readonly #store: Store
  readonly #collection: Collection

  constructor(store: Store) {
    this.#store = store
    this.#collection = store.collection(testResource)
  }

  async write({ key, expected, value, group }: RequestedWrite): Promise<WriteAnswer> {
    await this.#store.fresh()
    const newest = this.#collection.newest(namespace, key)
    if ((newest?.revision ?? 0) !== expected) return { outcome: 'refused' }
    const written =
      value === undefined ? undefined : object(key, { data: { value }, metadata: { labels: { group } } } as Partial<TestObject>)
    try {
      const { revision } = await this.#collection.write({ namespace, name: key, expected: newest, object: written })
      return value === undefined ? { outcome: 'ok' } : { outcome: 'ok', revision }
    } catch (err) {
      if (err instanceof WriteConflict) return { outcome: 'refused' }
      if (err instanceof WriteFailed) return { outcome: err.retriable ? 'failed' : 'unknown' }
      throw err
    }
  }

  async read(key: string): Promise<{ readonly found: Version | undefined }> {
    await this.#store.fresh()
    const entry = this.#collection.get(namespace, key)
    return { found: entry && versionOf(entry) }
  }

  async list(group: string | undefined, pageSize: number): Promise<readonly Page[] | undefined> {
    await this.#store.fresh()
    const selection = selectionOf(group)
    const pages: Page[] = []
    for (;;) {
      const [first] = pages
      const last = pages.at(-1)?.versions.at(-1)
      try {
        const { entries, revision, more } = this.#collection.list({
          ...{ namespace, limit: pageSize },
          ...(selection && { selection }),
          ...(first && { revision: first.revision }),
          ...(last && { after: { namespace, name: last.key } }),
        })
        pages.push({ revision, versions: entries.map(versionOf) })
        if (!more) return pages
      } catch (err) {
        if (err instanceof RevisionCompacted) return undefined
        throw err
      }
      // Others write between the pages.
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  watch(group: string | undefined, after: number, onRecord: (record: Received) => void, signal: AbortSignal): Promise<'ended' | 'expired'> {
    const selection = selectionOf(group)
    let watch: ReturnType<Collection['watch']>
    try {
      watch = this.#collection.watch({ namespace, after, ...(selection && { selection }) })
    } catch (err) {
      if (err instanceof RevisionCompacted) return Promise.resolve('expired')
      throw err
    }
    return new Promise(resolve => {
      watch.onEvents(events => {
        for (const { type, event } of events) onRecord({ type, version: versionOf(event.entryAs(type)) })
        // Within this call its revision does not count yet.
        setImmediate(() => {
          if (watch.revision !== undefined && !signal.aborted) onRecord({ type: 'BOOKMARK', revision: watch.revision })
        })
      })
      watch.onEnd(() => resolve('ended'))
      const close = () => {
        watch.close()
        resolve('ended')
      }
      if (signal.aborted) close()
      else signal.addEventListener('abort', close, { once: true })
    })
  }
}

function selectionOf(group: string | undefined): Selection | undefined {
  if (group === undefined) return undefined
  return { exactLabels: [['group', group]], matches: ({ labels }) => labels['group'] === group }
}

function versionOf({ name, revision, bytes }: Entry): Version {
  const { data } = parseJson(bytes.toString()) as TestObject
  return { key: name, revision, value: data?.['value'] ?? '' }
}
