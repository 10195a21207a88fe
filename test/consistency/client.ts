// One client of a run: reads, lists, and writes what it believes to be the newest versions, and watches over broken connections. All that it
// does and gets becomes history.
import { setTimeout as delay } from 'node:timers/promises'
import type { List, Read, Version, Watch, WatchRecord, Write } from './history.ts'
import type { Random } from './random.ts'
import { type Target, timed } from './target.ts'

/** The history of a run as it grows. */
export interface Recording {
  readonly writes: Write[]
  readonly reads: Read[]
  readonly lists: List[]
  readonly watches: Watch[]
  /** The next time of the one counter. */
  tick(): number
}

export const newRecording = (): Recording => {
  let last = 0
  return { writes: [], reads: [], lists: [], watches: [], tick: () => ++last }
}

export const groups = ['blue', 'red'] as const

export interface ClientOptions {
  readonly target: Target
  readonly random: Random
  readonly number: number
  readonly keys: readonly string[]
  readonly recording: Recording
  /** Rest after an operation without an answer, and before a watch resumes. Milliseconds. */
  readonly restMs: number
}

export class RunClient {
  readonly #options: ClientOptions
  /** What it saw last of each key. */
  readonly #known = new Map<string, Version>()
  #values = 0
  #revision = 0
  #following: Promise<void> | undefined
  /** Resolved when the watch reaches the revision. */
  #waiting: { readonly revision: number; readonly done: () => void } | undefined
  #reached = 0
  readonly #group: string | undefined

  constructor(options: ClientOptions) {
    this.#options = options
    // A quarter of the clients watch a selection, each of another group.
    this.#group = options.number % 4 === 3 ? groups[(options.number >> 2) % groups.length] : undefined
  }

  /** One operation, with any result. */
  async step(): Promise<void> {
    const { random, keys } = this.#options
    const key = random.pick(keys)
    const choice = random.next()
    if (choice < 0.55) return this.#write(key)
    if (choice < 0.9) return this.read(key)
    await this.#list(random.next() < 0.5 ? undefined : random.pick(groups))
  }

  async #write(key: string): Promise<void> {
    const { random, number } = this.#options
    const version = this.#known.get(key)
    const isDeletion = version !== undefined && random.next() < 0.2
    const value = isDeletion ? undefined : `${number}-${++this.#values}`
    await this.write(key, version?.revision ?? 0, value, random.pick(groups))
  }

  /** Records the write; resolves with its revision if it was acknowledged with one. */
  async write(key: string, expected: number, value: string | undefined, group: string): Promise<number | undefined> {
    const { target, recording, number: client } = this.#options
    const invoked = recording.tick()
    const { outcome, revision } = await target.write({ key, expected, value, group })
    const ended = outcome === 'unknown' ? Number.POSITIVE_INFINITY : recording.tick()
    recording.writes.push({
      ...{ kind: 'write', client, key, expected, value, group, invoked, ended, outcome },
      ...(revision === undefined ? {} : { revision }),
    })
    if (outcome === 'ok' && value !== undefined && revision !== undefined) this.#known.set(key, { key, value, revision })
    else this.#known.delete(key)
    // What was refused is not known: the next operation on the key finds out.
    if (outcome === 'refused') await this.read(key)
    if (outcome === 'unknown' || outcome === 'failed') await this.#rest()
    return revision
  }

  async read(key: string): Promise<void> {
    const { target, recording, number: client } = this.#options
    const invoked = recording.tick()
    const answer = await target.read(key)
    if (answer === undefined) return this.#rest()
    const { found } = answer
    recording.reads.push({ kind: 'read', client, key, found, invoked, ended: recording.tick() })
    if (found === undefined) this.#known.delete(key)
    else this.#known.set(key, found)
  }

  async #list(group: string | undefined): Promise<number | undefined> {
    const { target, recording, number: client } = this.#options
    const invoked = recording.tick()
    const pages = await target.list(group, this.#options.random.pick([5, 20, 500]))
    if (pages === undefined) {
      await this.#rest()
      return undefined
    }
    recording.lists.push({ kind: 'list', client, group, pages, invoked, ended: recording.tick() })
    return pages[0]?.revision
  }

  /** Lists, and begins to watch from there; resolves when the watch may begin. Ends with the signal. */
  async follow(signal: AbortSignal): Promise<void> {
    let revision: number | undefined
    while (revision === undefined) {
      signal.throwIfAborted()
      revision = await this.#list(this.#group)
    }
    this.#following = this.#followFrom(revision, signal)
  }

  async #followFrom(start: number, signal: AbortSignal): Promise<void> {
    const { target, recording, number: client, random } = this.#options
    let after = start
    let records: WatchRecord[] = []
    this.#revision = start
    const keep = () => {
      const reached = this.#reached > after ? { reached: this.#reached } : {}
      recording.watches.push({ kind: 'watch', client, group: this.#group, after, records, ...reached })
    }
    while (!signal.aborted) {
      // Some connections end after a few events, as those of a client that moves.
      let left = random.pick([5, 50, 1_000_000])
      const enough = new AbortController()
      const ended = await target.watch(
        this.#group,
        this.#revision,
        record => {
          if (enough.signal.aborted) return
          records.push(timed(record, recording.tick()))
          this.#revision = record.type === 'BOOKMARK' ? record.revision : record.version.revision
          if (--left === 0) enough.abort()
          if (this.#waiting !== undefined && this.#revision >= this.#waiting.revision) this.#waiting.done()
        },
        AbortSignal.any([signal, enough.signal]),
      )
      if (signal.aborted) break
      if (ended === 'expired') {
        keep()
        records = []
        let fresh: number | undefined
        while (fresh === undefined && !signal.aborted) fresh = await this.#list(this.#group)
        after = fresh ?? after
        this.#revision = after
      } else await this.#rest()
    }
    keep()
  }

  /** Resolves when the watch has everything up to the last of these revisions that it can see, by group. */
  reach(lastOf: ReadonlyMap<string, number>): Promise<void> {
    const revision = this.#group === undefined ? Math.max(...lastOf.values()) : (lastOf.get(this.#group) ?? 0)
    this.#reached = revision
    if (this.#revision >= revision) return Promise.resolve()
    return new Promise(done => {
      this.#waiting = { revision, done }
    })
  }

  /** After the signal of `follow`: resolves when the watch is in the history. */
  async stopped(): Promise<void> {
    await this.#following
  }

  async #rest(): Promise<void> {
    await delay(this.#options.restMs)
  }
}
