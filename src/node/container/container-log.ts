// Serves PodLogOptions from a container's log files: tail, since, timestamps, byte limit, and following over rotations.
import { watch } from 'node:fs'
import { dirname } from 'node:path'
import type { LogOptions } from '../../api/nodes/node-query.ts'
import { LogFileReader, type LogLine, logFiles, tailOffset } from './log-file.ts'

/** The requested part of a log. */
export interface LogRange {
  readonly follow: boolean
  readonly previous: boolean
  readonly timestamps: boolean
  /** Milliseconds since the epoch. */
  readonly since?: number
  readonly tailLines?: number
  readonly limitBytes?: number
}

export function logRange({ sinceSeconds, sinceTime, ...range }: LogOptions, now: number): LogRange {
  if (sinceSeconds !== undefined) return { ...range, since: now - sinceSeconds * 1000 }
  return sinceTime === undefined ? range : { ...range, since: Date.parse(sinceTime) }
}

export interface LogSource {
  readonly path: string
  /** Whether the container still runs, so that more output may follow. */
  running(): boolean
  /** Resolves when `running()` may have changed. */
  changed(signal: AbortSignal): Promise<void>
}

/** The log's bytes as kubectl prints them. With `follow`, ends when the container has ended and everything is read, or with the signal. */
export async function* readContainerLog(source: LogSource, options: LogRange, signal: AbortSignal): AsyncGenerator<Buffer> {
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY
  // Output written while the end is searched is not part of it.
  let records = options.follow ? Number.POSITIVE_INFINITY : (options.tailLines ?? Number.POSITIVE_INFINITY)
  // A record after a partial one continues its line: no second timestamp.
  let continues = false
  for await (const line of logLines(source, options, signal)) {
    if (records-- <= 0) return
    const skipped = options.since !== undefined && Date.parse(line.time) < options.since
    const begins = !continues
    continues = line.partial
    if (skipped) continue
    const parts = [line.text]
    if (options.timestamps && begins) parts.unshift(Buffer.from(`${line.time} `))
    if (!line.partial) parts.push(Buffer.from('\n'))
    const bytes = Buffer.concat(parts)
    yield bytes.length > left ? bytes.subarray(0, left) : bytes
    left -= bytes.length
    if (left <= 0) return
  }
}

async function* logLines(source: LogSource, { tailLines, follow }: LogRange, signal: AbortSignal): AsyncGenerator<LogLine> {
  const files = await logFiles(source.path)
  const starts = await startOffsets(files, tailLines)
  let reader: LogFileReader | undefined
  try {
    for (const { path, offset } of starts) {
      await reader?.[Symbol.asyncDispose]()
      reader = await LogFileReader.open(path, offset)
      for (let lines = await reader.next(); lines.length > 0; lines = await reader.next()) yield* lines
      signal.throwIfAborted()
    }
    if (!follow) return
    using changes = new DirectoryChanges(dirname(source.path))
    while (!signal.aborted) {
      // Checked before the read, so that everything written before the end is read.
      const running = source.running()
      const lines: LogLine[] = reader ? await reader.next() : []
      if (lines.length > 0) {
        yield* lines
        continue
      }
      if (!reader || !(await reader.isAt(source.path))) {
        // No file yet: the watch below reports when it exists.
        const next = await LogFileReader.open(source.path).catch(() => undefined)
        if (next) {
          await reader?.[Symbol.asyncDispose]()
          reader = next
          continue
        }
      }
      if (!running) return
      const step = new AbortController()
      const either = AbortSignal.any([signal, step.signal])
      // Any wake-up looks at the file; only the loop's own signal ends it.
      await Promise.race([changes.next(either), source.changed(either)]).catch(() => undefined)
      step.abort()
    }
  } finally {
    await reader?.[Symbol.asyncDispose]()
  }
}

async function startOffsets(files: readonly string[], tailLines: number | undefined): Promise<{ path: string; offset: number }[]> {
  if (tailLines === undefined) return files.map(path => ({ path, offset: 0 }))
  const starts: { path: string; offset: number }[] = []
  let wantedLines = tailLines
  for (const path of files.toReversed()) {
    const { offset, found } = await tailOffset(path, wantedLines)
    starts.unshift({ path, offset })
    wantedLines -= found
    if (wantedLines <= 0) break
  }
  return starts
}

/** inotify on the log's folder: a write or a rotation. No change between two waits is lost. */
class DirectoryChanges implements Disposable {
  readonly #watcher
  #pending = false
  #wake: (() => void) | undefined

  constructor(directory: string) {
    this.#watcher = watch(directory, () => {
      this.#pending = true
      this.#wake?.()
    })
    // The folder is removed with its pod; the reader then sees that the container ended.
    this.#watcher.on('error', () => this.#wake?.())
  }

  async next(signal: AbortSignal): Promise<void> {
    if (!this.#pending && !signal.aborted) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
    this.#pending = false
    this.#wake = undefined
  }

  [Symbol.dispose](): void {
    this.#watcher.close()
  }
}
