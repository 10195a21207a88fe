// Runs work on hostile content in a process of its own, which can read the named paths and nothing more: no writing, no processes, no threads, no
// network (from Node 25 on), no add-ons, bounded memory, processor time and answer. What it answers is untrusted too: the caller parses it.
import { type ChildProcess, spawn } from 'node:child_process'
import { constants, readFileSync, realpathSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { cannotRead, messageOf, UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'

export interface IsolatedLimits {
  /** Resident memory; V8's heap gets half of it. */
  readonly memoryBytes: number
  readonly timeMs: number
  readonly answerBytes: number
}

export const isolatedLimits: IsolatedLimits = { memoryBytes: 768 * 1024 ** 2, timeMs: 10 * 60_000, answerBytes: 256 * 1024 ** 2 }

const pollMs = 100
/** V8 reserves address space beyond the memory it uses. */
const reservedBytes = 1024 ** 3
const maxErrorLength = 4096

/**
 * Resolves with the value that the work of that name (`src/cli/works`) returned, which is JSON of unknown form. `readable` are files and folders. Rejects with a UserError if the work
 * does, or breaks a limit; with an Error if the process dies otherwise.
 */
export async function runIsolated(
  work: string,
  input: unknown,
  readable: readonly string[],
  signal: AbortSignal,
  limits: IsolatedLimits = isolatedLimits,
  worker: string = workerPath(),
): Promise<unknown> {
  await using opened = await openPaths(readable)
  signal.throwIfAborted()
  const { paths, descriptors } = opened
  const [program = '', ...args] = command(worker, paths, limits)
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe', ...descriptors], env: {}, cwd: '/' })
  let broken: UserError | undefined
  const kill = (reason: UserError) => {
    broken ??= reason
    child.kill('SIGKILL')
  }
  const onAbort = () => kill(new UserError(messageOf(signal.reason), { cause: signal.reason }))
  signal.addEventListener('abort', onAbort, { once: true })
  const tooLong = setTimeout(() => kill(new UserError(`It takes longer than ${limits.timeMs / 1000} seconds`)), limits.timeMs)
  const polling = setInterval(() => {
    if (residentBytes(child) > limits.memoryBytes) kill(memoryError(limits))
  }, pollMs)
  try {
    child.stdin?.on('error', () => undefined) // its exit tells the reason
    child.stdin?.write(`${writeJson({ work, input, paths })}\n`)
    const answer = collect(child, limits, kill)
    const errors = tail(child)
    const exit = await new Promise<string>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, by) => resolve(by === null ? `exit code ${code}` : `signal ${by}`))
    })
    if (broken !== undefined) throw broken
    if (exit === 'exit code 0') return parsedAnswer(answer())
    if (/out of memory|Array buffer allocation failed|ERR_MEMORY_ALLOCATION_FAILED/.test(errors())) throw memoryError(limits)
    if (exit === 'signal SIGXCPU') throw new UserError(`It takes more than ${limits.timeMs / 1000} seconds of processor time`)
    throw new Error(`The isolated process ended with ${exit}: ${errors()}`)
  } finally {
    clearTimeout(tooLong)
    clearInterval(polling)
    signal.removeEventListener('abort', onAbort)
  }
}

const memoryError = ({ memoryBytes }: IsolatedLimits): UserError =>
  new UserError(`It needs more than ${memoryBytes / 1024 ** 2} MiB of memory`)

/** A shell sets the limits that Node cannot: files of no bytes, no core, processor time, data. */
function command(worker: string, readable: readonly string[], { memoryBytes, timeMs }: IsolatedLimits): string[] {
  const kibibytes = Math.ceil((memoryBytes + reservedBytes) / 1024)
  const limits = `ulimit -c 0; ulimit -f 0; ulimit -t ${Math.ceil(timeMs / 1000)}; ulimit -d ${kibibytes}; exec "$@"`
  const flags = [
    '--permission',
    ...[...codePaths(), ...readable].map(path => `--allow-fs-read=${path}`),
    `--max-old-space-size=${Math.floor(memoryBytes / 2 / 1024 ** 2)}`,
    '--disallow-code-generation-from-strings',
    '--no-warnings',
    // Without it, SIGUSR1 makes Node open a debugger port.
    ...(process.allowedNodeEnvironmentFlags.has('--disable-sigusr1') ? ['--disable-sigusr1'] : []),
  ]
  return ['/bin/sh', '-c', limits, 'sh', process.execPath, ...flags, worker]
}

const isSource = import.meta.url.endsWith('.ts')

/** In a bundle, workers lie beside its chunks. */
const workerPath = (): string => fileURLToPath(new URL(isSource ? '../works/isolated-worker.ts' : './isolated-worker.js', import.meta.url))

/** What Node reads to load the worker. */
function codePaths(): string[] {
  const folder = dirname(workerPath())
  if (!isSource) return [folder]
  const root = join(folder, '../../..')
  return [join(root, 'src'), join(root, 'package.json'), join(root, 'node_modules'), realpathSync(join(root, 'node_modules'))]
}

interface OpenPaths extends AsyncDisposable {
  /** As the process names them. */
  readonly paths: readonly string[]
  /** What it inherits, from descriptor 3 on. */
  readonly descriptors: readonly number[]
}

/**
 * The process inherits descriptors, so that a path that is replaced meanwhile leads nowhere else. Node grants folders by their text, and denies one whose
 * name begins as another's: descriptors have names of their own. Elsewhere than on Linux, the paths themselves are granted.
 */
async function openPaths(readable: readonly string[]): Promise<OpenPaths> {
  const closing = new AsyncDisposableStack()
  if (process.platform !== 'linux')
    return { paths: readable.map(path => realpathSync(path)), descriptors: [], [Symbol.asyncDispose]: () => closing.disposeAsync() }
  try {
    const descriptors: number[] = []
    for (const path of readable) descriptors.push(closing.use(await openReadable(path)).fd)
    const paths = descriptors.map((_, at) => `/proc/self/fd/${3 + at}`)
    return { paths, descriptors, [Symbol.asyncDispose]: () => closing.disposeAsync() }
  } catch (err) {
    await closing.disposeAsync()
    throw err
  }
}

async function openReadable(path: string): Promise<FileHandle> {
  try {
    // Opening a pipe without a writer would never end.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (err) {
    throw cannotRead(path, err)
  }
}

function residentBytes({ pid }: ChildProcess): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * 4096
  } catch {
    // It has just ended, or this is no Linux: the other limits hold.
    return 0
  }
}

function collect(child: ChildProcess, { answerBytes }: IsolatedLimits, kill: (reason: UserError) => void): () => string {
  const pieces: Buffer[] = []
  let length = 0
  child.stdout?.on('data', (piece: Buffer) => {
    length += piece.length
    if (length > answerBytes) kill(new UserError(`Its result is larger than ${answerBytes / 1024 ** 2} MiB`))
    else pieces.push(piece)
  })
  return () => Buffer.concat(pieces).toString('utf8')
}

function tail(child: ChildProcess): () => string {
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    text = (text + piece).slice(-maxErrorLength)
  })
  return () => text.trim()
}

function parsedAnswer(text: string): unknown {
  const answer = parseJson(text)
  if (!isJsonObject(answer)) throw new Error('The isolated process answered no object')
  if (typeof answer['problem'] === 'string') throw new UserError(answer['problem'])
  return answer['value']
}
