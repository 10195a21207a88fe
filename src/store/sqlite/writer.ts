// The main thread's side of the writer thread.
import { statSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { CommitLog } from '../commit-log.ts'
import { type PackedRecords, pack } from '../records/record.ts'
import type { ExpectedLog, StoreHead } from '../records/store-head.ts'
import { WriteFailed } from '../store.ts'
import type { DecidedWrite } from '../watch-cache.ts'
import { newTakenCount, takeOne } from './handover.ts'
import type { LogDatabaseOptions } from './log-database.ts'
import type { Failure, FreshKey, UnwrappedKey, WrappedKey, WriterData, WriterReply, WriterRequest } from './writer-protocol.ts'

/** The module of the thread: TypeScript next to this file, or a separate entry point in the bundle. */
function workerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : './sqlite-worker.js', import.meta.url)
}

interface Waiting {
  resolve(): void
  reject(err: Error): void
}

export interface WriterEvents {
  onRecords(records: PackedRecords): void
  onCompacted(floor: number): void
  /** The head of the log is durable. */
  onHead(head: StoreHead): void
  /** Whether the key of `rotate` is in use. */
  onRotated(done: boolean): void
  /** The writer failed while no call was pending. */
  onFailure(err: WriteFailed): void
}

export class Writer implements CommitLog {
  readonly #file: string
  readonly #worker: Worker
  readonly #events: WriterEvents
  readonly #now: () => number
  readonly #taken = newTakenCount()
  #waiting: Waiting | undefined
  #opened: { readonly wrappedKeys: readonly WrappedKey[]; readonly floor: number } | undefined
  #loaded: { readonly head: StoreHead; readonly restored: boolean } | undefined
  #ended: WriteFailed | undefined

  constructor(options: LogDatabaseOptions, now: () => number, events: WriterEvents) {
    this.#file = options.file
    this.#events = events
    this.#now = now
    // Groups are short-lived: a small young generation costs the writer no time and saves some 20 MB. The thread needs none of our flags,
    // and must not inherit those of a debugger or test runner.
    this.#worker = new Worker(workerUrl(), {
      workerData: { ...options, taken: this.#taken } satisfies WriterData,
      execArgv: [],
      name: 'store-writer',
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    })
    this.#worker.on('message', (reply: WriterReply) => this.#onReply(reply))
    this.#worker.on('error', err => this.#end(new WriteFailed('The store writer stopped', { retriable: false, cause: err })))
    this.#worker.on('exit', () => this.#end(new WriteFailed('The store writer has ended', { retriable: false })))
  }

  /** Rejects if the file cannot be opened: locked, another program's, another format. */
  async opened(): Promise<{ readonly wrappedKeys: readonly WrappedKey[]; readonly floor: number }> {
    if (this.#opened === undefined) await this.#reply()
    if (this.#opened === undefined) throw new Error('The store writer answered out of order')
    return this.#opened
  }

  /** Passes all records to `onRecords`. `restored`: the log was accepted although it lacks the head. */
  async load(
    keys: readonly UnwrappedKey[],
    fresh: FreshKey,
    expected: ExpectedLog,
  ): Promise<{ readonly head: StoreHead; readonly restored: boolean }> {
    this.#send({ kind: 'load', keys, fresh, expected })
    await this.#reply()
    if (this.#loaded === undefined) throw new Error('The store writer answered out of order')
    return this.#loaded
  }

  append(group: readonly DecidedWrite[]): Promise<void> {
    const at = this.#now()
    const records = pack(
      group.map(({ cache, entry, previous, type }) => ({
        revision: entry.revision,
        previous: previous?.revision ?? 0,
        deleted: type === 'DELETED',
        header: {
          groupResource: cache.groupResource,
          namespace: entry.namespace,
          name: entry.name,
          at,
          fieldsVersion: cache.fieldsVersion,
          labels: entry.labels,
          extraFields: entry.extraFields,
        },
        bytes: entry.bytes,
      })),
    )
    this.#send({ kind: 'append', records }, [records.data, records.keys.buffer])
    return this.#reply()
  }

  rotate(fresh: FreshKey): void {
    this.#send({ kind: 'rotate', fresh })
  }

  compact(floor: number): void {
    this.#send({ kind: 'compact', floor })
  }

  get bytes(): number {
    let bytes = 0
    for (const file of [this.#file, `${this.#file}-wal`]) bytes += statSync(file, { throwIfNoEntry: false })?.size ?? 0
    return bytes
  }

  /** Moves the write-ahead log into the file and ends the thread. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return
    this.#send({ kind: 'close' })
    try {
      await this.#reply()
    } finally {
      await this.abandon()
    }
  }

  /** Ends the thread at any point. Uncommitted writes are not acknowledged either. */
  async abandon(): Promise<void> {
    this.#ended ??= closed()
    await this.#worker.terminate()
  }

  #send(request: WriterRequest, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(request, transfer)
  }

  #reply(): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  #onReply(reply: WriterReply): void {
    switch (reply.kind) {
      case 'records':
        this.#takeRecords(reply.records)
        break
      case 'compacted':
        this.#events.onCompacted(reply.floor)
        break
      case 'rotated':
        this.#events.onRotated(reply.done)
        break
      case 'failed':
        this.#failed(this.#wording(reply.failure))
        break
      case 'opened':
        this.#opened = reply
        this.#settle()
        break
      case 'loaded':
        this.#loaded = reply
        this.#settle()
        break
      case 'closed':
        this.#ended = closed()
        this.#settle()
        break
      case 'appended':
        this.#events.onHead(reply.head)
        this.#settle()
        break
    }
  }

  #takeRecords(records: PackedRecords): void {
    takeOne(this.#taken)
    if (this.#ended !== undefined) return
    try {
      this.#events.onRecords(records)
    } catch (err) {
      this.#settle(err instanceof Error ? err : new Error(String(err)))
      this.#ended = closed()
    }
  }

  #settle(err?: Error): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (err === undefined) waiting?.resolve()
    else waiting?.reject(err)
  }

  #failed(err: WriteFailed): void {
    if (this.#waiting === undefined) this.#events.onFailure(err)
    else this.#settle(err)
  }

  #end(err: WriteFailed): void {
    if (this.#ended !== undefined) return
    this.#ended = err
    this.#failed(err)
  }

  #wording({ code, message, retriable }: Failure): WriteFailed {
    if (code === undefined) return new WriteFailed(message, { retriable })
    return new WriteFailed(`${explanations.get(code)?.(this.#file) ?? `SQLite failed on "${this.#file}"`}: ${message}`, { retriable })
  }
}

function closed(): WriteFailed {
  return new WriteFailed('The store is closed', { retriable: false })
}

/** What SQLite's primary result codes mean for the operator. */
const explanations = new Map<number, (file: string) => string>([
  [5, file => `The store "${file}" is in use by another process`],
  [8, file => `The store "${file}" is read-only`],
  [10, file => `The disk failed under the store "${file}"; no more writes are accepted until a restart`],
  [11, file => `The store "${file}" is damaged; restore it from a backup`],
  [13, file => `The disk or the quota of the store "${file}" is full; free space and try again`],
  [14, file => `The store "${file}" cannot be opened`],
  [26, file => `"${file}" is not a store`],
])
