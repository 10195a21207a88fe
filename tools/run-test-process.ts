// Runs one process of test files, and reports the outcome of each of their tests.
import { resolve } from 'node:path'
import { run } from 'node:test'
import { isOfRunner, markedEnd } from './test-files.ts'

export interface Outcome {
  readonly kind: 'passed' | 'failed' | 'skipped'
  /** Absolute; that of the test's own definition, which may be a contract that several files share. */
  readonly file: string
  readonly name: string
  /** Why it was skipped, or the stack of the error. */
  readonly text: string
}

export interface TestProcessOptions {
  /** What the process loads: a test file, or an entry that runs the files of its group. */
  readonly entry: string
  /** Absolute paths of its test files. */
  readonly files: readonly string[]
  readonly execArgv: readonly string[]
  /** A process in which no file ends for this long is stopped. */
  readonly hangMs: number
  readonly signal: AbortSignal
  onOutcome(outcome: Outcome): void
}

/** How it ended. */
export interface TestProcessEnd {
  /** Files that did not run, because the process ended in the file before them. */
  readonly left: readonly string[]
  /** The end of what the files printed whose tests failed; by file. */
  readonly printed: ReadonlyMap<string, string>
  /** By file. */
  readonly milliseconds: ReadonlyMap<string, number>
}

const keptOutput = 4000
const slowestStartMs = 60_000
/** An error after the end of its test fails the process, but no test: Node reports it among these counts. */
const counts = /^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/

export async function runTestProcess(options: TestProcessOptions): Promise<TestProcessEnd> {
  const { entry, files, execArgv, hangMs, signal, onOutcome } = options
  const ended: string[] = []
  const printed = new Map<string, string>()
  const milliseconds = new Map<string, number>()
  const failedFiles = new Set<string>()
  // The process is a test of its own in the stream, named by its path.
  const isEntry = (name: string): boolean => resolve(name) === resolve(entry)
  const isAlone = files.length === 1 && files[0] === entry
  const hasFilesLeft = (): boolean => !isAlone && ended.length < files.length
  const current = (): string => files[ended.length] ?? entry
  let fileBegan = performance.now()
  let isHanging = false
  const endFile = (): void => {
    milliseconds.set(current(), performance.now() - fileBegan)
    ended.push(current())
    fileBegan = performance.now()
    clearTimeout(watchdog)
    watchdog = setTimeout(onHang, hangMs)
  }
  const stop = new AbortController()
  const onHang = (): void => {
    isHanging = true
    stop.abort()
  }
  // The first file waits for the process to start.
  let watchdog = setTimeout(onHang, Math.max(hangMs, slowestStartMs))
  const fail = (file: string, name: string, text: string): void => {
    failedFiles.add(current())
    onOutcome({ kind: 'failed', file, name, text })
  }
  // Depth of the last outcome: children are reported before their parent, which is not counted again.
  let depth = 0
  const isLeaf = (nesting: number): boolean => {
    const before = depth
    depth = nesting
    return before <= nesting
  }
  const stream = run({ files: [entry], concurrency: 1, signal: AbortSignal.any([signal, stop.signal]), execArgv: [...execArgv] })
  stream.on('test:pass', ({ file, nesting, name, details, skip }) => {
    const leaf = isLeaf(nesting)
    if (markedEnd(name) !== undefined) endFile()
    // A suite that is skipped as a whole reports none of its tests.
    else if (!isEntry(name) && !isOfRunner(name) && (skip !== undefined || (leaf && details.type !== 'suite')))
      onOutcome({
        kind: skip === undefined ? 'passed' : 'skipped',
        file: file ?? current(),
        name,
        text: typeof skip === 'string' && skip !== '' ? skip : 'without a reason',
      })
  })
  stream.on('test:fail', ({ file, nesting, name, details: { error } }) => {
    isLeaf(nesting)
    // The parents of a failed test fail with it; the test itself is in the list.
    const isByTests = 'failureType' in error && error.failureType === 'subtestsFailed'
    if (signal.aborted || isByTests || isOfRunner(name) || (isEntry(name) && hasFilesLeft())) return
    fail(file ?? current(), isEntry(name) ? current() : name, causeOf(error))
  })
  stream.on('test:complete', ({ name, details: { error } }) => {
    if (!isEntry(name) || signal.aborted || !hasFilesLeft()) return
    const cause = error === undefined ? 'its process ended before its tests' : causeOf(error)
    fail(current(), current(), isHanging ? `no test file ended for ${hangMs / 1000} s` : cause)
  })
  for (const type of ['test:stdout', 'test:stderr'] as const) stream.on(type, ({ message }) => print(message))
  stream.on('test:diagnostic', ({ file, message }) => {
    if (file !== undefined && !counts.test(message)) print(`${message}\n`)
  })
  function print(text: string): void {
    printed.set(current(), ((printed.get(current()) ?? '') + text).slice(-keptOutput))
  }
  for await (const _event of stream) {
    // Reading drives the run; the listeners above do the work.
  }
  if (isAlone) endFile()
  clearTimeout(watchdog)
  return {
    left: files.slice(ended.length + 1),
    printed: new Map([...printed].filter(([file]) => failedFiles.has(file))),
    milliseconds,
  }
}

/** The failure of a whole file is named by its path. */
export const isFile = (name: string): boolean => name.endsWith('.test.ts')

/** With how the process ended, if that is what failed. */
function causeOf(error: Error & { readonly exitCode?: unknown; readonly signal?: unknown }): string {
  const cause = error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : String(error.cause ?? error.message)
  const { exitCode, signal } = error
  if (typeof exitCode !== 'number' && typeof signal !== 'string') return cause
  return `${cause}: its process ended with ${typeof signal === 'string' ? signal : `exit code ${String(exitCode)}`}`
}
