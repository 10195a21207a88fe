// Sends the lines of the log to one sink, in their order, from where the last run stopped. The log's own files are the buffer.

import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { CoalescedWork } from '../../../base/async/coalesced-work.ts'
import { type Clock, pause } from '../../../base/clock.ts'
import { readTextIfThere } from '../../../base/files/read-text.ts'
import { replaceFile } from '../../../base/files/replace-file.ts'
import { isJsonObject, parseJson } from '../../../base/json.ts'
import { codeOf, messageOf } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'
import type { AuditAlarms } from '../audit-alarms.ts'
import { logFileName, logFileNumbers } from '../log-files.ts'

/** A place in the log: everything before it was sent, or is on disk. */
export interface LogPlace {
  readonly file: number
  readonly bytes: number
}

/** Resolves when the receiver has taken these lines for good. */
export type Deliver = (lines: readonly Buffer[], signal: AbortSignal) => Promise<void>

export interface SinkOptions {
  readonly name: string
  /** Of the log; the cursor is beside it. */
  readonly directory: string
  readonly deliver: Deliver
  readonly alarms: AuditAlarms
  readonly clock: Clock
}

const maxBatchBytes = 512 << 10
/** A line may be longer than a batch. */
const maxLineBytes = 64 << 20
const maxBatchLines = 500
const firstRetryMs = 500
const maxRetryMs = 30_000
const newline = 0x0a

export class Sink implements AsyncDisposable {
  readonly #options: SinkOptions
  readonly #closing = new AbortController()
  #sent: LogPlace = { file: 0, bytes: 0 }
  #durable: LogPlace = { file: 0, bytes: 0 }
  readonly #work = new CoalescedWork(() => this.#sendAll())

  private constructor(options: SinkOptions) {
    this.#options = options
  }

  /** A new sink begins with the oldest line that is there. */
  static async open(options: SinkOptions): Promise<Sink> {
    const sink = new Sink(options)
    const text = await readTextIfThere(sink.#cursor)
    const [oldest = 1] = await logFileNumbers(options.directory)
    sink.#sent = text === undefined ? { file: oldest, bytes: 0 } : parsePlace(text, sink.#cursor)
    return sink
  }

  get #cursor(): string {
    return join(this.#options.directory, `sink-${this.#options.name}.json`)
  }

  /** The oldest file that this sink still needs. */
  get needs(): number {
    return this.#sent.file
  }

  /** Lines before this place are on disk. */
  wake(durable: LogPlace): void {
    this.#durable = durable
    this.#work.request()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error('the audit log is closing'))
    await this.#work.idle()
  }

  async #sendAll(): Promise<void> {
    const { alarms, clock, name } = this.#options
    const { signal } = this.#closing
    let retryMs = firstRetryMs
    while (!signal.aborted) {
      try {
        if (!(await this.#sendNext())) return alarms.clear(`sink ${name}`)
        retryMs = firstRetryMs
      } catch (err) {
        if (signal.aborted) return
        alarms.raise(`sink ${name}`, `it takes no records: ${messageOf(err)}`)
        await pause(clock, retryMs, signal)
        retryMs = Math.min(maxRetryMs, retryMs * 2)
      }
    }
  }

  /** Returns whether there was something to send. */
  async #sendNext(): Promise<boolean> {
    const { directory, deliver } = this.#options
    const numbers = await logFileNumbers(directory)
    const file = numbers.find(number => number >= this.#sent.file)
    if (file === undefined || file > this.#durable.file) return false
    const from = file === this.#sent.file ? this.#sent.bytes : 0
    const end = file === this.#durable.file ? this.#durable.bytes : Number.POSITIVE_INFINITY
    const { lines, bytes } = await readBatch(join(directory, logFileName(file)), from, end)
    if (lines.length > 0) {
      await deliver(lines, this.#closing.signal)
      await this.#advance({ file, bytes: from + bytes })
      return true
    }
    if (file >= this.#durable.file) return false
    await this.#advance({ file: file + 1, bytes: 0 })
    return true
  }

  async #advance(place: LogPlace): Promise<void> {
    await replaceFile(this.#cursor, `${writeJson(place)}\n`)
    this.#sent = place
  }
}

function parsePlace(text: string, path: string): LogPlace {
  const value = parseJson(text)
  const { file, bytes } = isJsonObject(value) ? value : {}
  if (typeof file === 'number' && typeof bytes === 'number' && Number.isSafeInteger(file) && Number.isSafeInteger(bytes) && bytes >= 0)
    return { file, bytes }
  throw new Error(`Cannot read "${path}": it contains no place of the audit log`)
}

/** Whole lines of the file from a place on. */
async function readBatch(path: string, from: number, end: number): Promise<{ readonly lines: Buffer[]; readonly bytes: number }> {
  const nothing = { lines: [], bytes: 0 }
  const file = await open(path).catch((err: unknown) => {
    if (codeOf(err) === 'ENOENT') return undefined
    throw err
  })
  if (file === undefined) return nothing
  try {
    for (let size = maxBatchBytes; ; size *= 8) {
      const chunk = Buffer.alloc(Math.max(0, Math.min(size, end - from, (await file.stat()).size - from)))
      const { bytesRead } = await file.read(chunk, 0, chunk.length, from)
      const found = wholeLines(chunk.subarray(0, bytesRead))
      if (found.lines.length > 0 || bytesRead < size || size > maxLineBytes) return found
    }
  } finally {
    await file.close()
  }
}

function wholeLines(bytes: Buffer): { readonly lines: Buffer[]; readonly bytes: number } {
  const lines: Buffer[] = []
  let from = 0
  for (let end = bytes.indexOf(newline); end >= 0 && lines.length < maxBatchLines; end = bytes.indexOf(newline, from)) {
    lines.push(bytes.subarray(from, end + 1))
    from = end + 1
  }
  return { lines, bytes: from }
}
