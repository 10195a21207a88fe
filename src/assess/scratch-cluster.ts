// A cluster of a proof's own, started from the same build in a temporary folder: for attacks that stop, kill or damage a cluster.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { chmod, chown, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { codeOf } from '../base/user-error.ts'
import { createHttpTransport, type HttpTransport } from '../client/transport/http-transport.ts'
import { readKubeconfig } from '../client/transport/kubeconfig.ts'
import { commandLine, processTree } from './listening-sockets.ts'
import type { Endpoint } from './proof.ts'

/** Of a run: why it ended, or that it serves. */
export type ScratchStart = Serving | { readonly started: false; readonly output: string }

export interface Serving {
  readonly started: true
  readonly endpoint: Endpoint
  readonly transport: HttpTransport
}

interface Run {
  readonly child: ChildProcess
  readonly ended: Promise<void>
  output: string
  transport?: HttpTransport
}

/** Flag of a start without controllers, which takes half as long: for attacks that need none. */
export const apiServerOnly = '--api-server-only'

/** `up` prints it when all parts are ready. */
const readyLine = 'Ctrl-C stops the cluster'
/** Flags that say which nodes and parts run. */
const withoutNode = ['--simulated-nodes', apiServerOnly]
const folderPrefix = 'bulkhead-prove-scratch-'
/** A cluster that does not end by itself is killed after this time. */
const endMs = 20_000
const givenPorts = new Set<number>()
/** Of V8's cache, in the folder of each part. */
const cacheName = 'compile-cache'

/**
 * Starts the command and ends it when its input is closed. So it ends with the proof, even if that is killed. A command that has ended by
 * itself ends the shell.
 */
const guarded = `
exec 3<&0
"$@" 3<&- </dev/null & up=$!
{ cat <&3; kill -TERM $up; } >/dev/null 2>&1 & guard=$!
wait $up; code=$?
kill $guard
exit $code
`

export class ScratchCluster implements AsyncDisposable {
  /** The data directory. */
  readonly directory: string
  readonly #folder: string
  readonly #command: readonly string[]
  readonly host = '127.0.0.1'
  readonly port: number
  #run: Run | undefined

  private constructor(folder: string, command: readonly string[], port: number) {
    this.#folder = folder
    this.directory = join(folder, 'd')
    this.#command = command
    this.port = port
  }

  /** `command` is that of `bulkhead`. Nothing is started yet. */
  static async create(command: readonly string[]): Promise<ScratchCluster> {
    await removeAbandoned()
    const folder = await mkdtemp(join(tmpdir(), `${folderPrefix}${process.pid}-`))
    // The parts run as users of their own.
    await chmod(folder, 0o755)
    return new ScratchCluster(folder, command, await freePort())
  }

  /** A stopped copy, with this data directory as it is now. This one must be stopped. */
  async copy(command = this.#command): Promise<ScratchCluster> {
    const copy = await ScratchCluster.create(command)
    await copyTree(this.directory, copy.directory)
    return copy
  }

  /** Gives the parts whose folders are there already, as after a restore, V8's caches of compiled code of another cluster. */
  async takeCachesOf({ directory }: ScratchCluster): Promise<void> {
    for (const part of await readdir(this.directory)) {
      const [from, to] = [join(directory, part), join(this.directory, part)]
      const caches = await readdir(join(from, cacheName)).catch(() => [])
      if (caches.length === 0) continue
      const [{ uid: user }, own] = [await stat(from), await stat(to)]
      await mkdir(join(to, cacheName))
      await chown(join(to, cacheName), own.uid, own.gid)
      // Node names a cache after its user.
      for (const cache of caches)
        await copyTree(join(from, cacheName, cache), join(to, cacheName, cache.replace(`-${user}`, `-${own.uid}`)), own)
    }
  }

  /** Starts the cluster with these flags, and waits until it serves or has ended. It has no node unless the flags say so. */
  async start(flags: readonly string[], signal: AbortSignal): Promise<ScratchStart> {
    await this.stop()
    const args = [
      'up',
      '--data-dir',
      this.directory,
      '--port',
      String(this.port),
      ...(flags.some(flag => withoutNode.includes(flag)) ? [] : ['--control-plane-only']),
      ...flags,
    ]
    const child = spawn('/bin/sh', ['-c', guarded, 'sh', ...this.#command, ...args], { cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] })
    const ready = Promise.withResolvers<boolean>()
    const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
    const run: Run = { child, ended, output: '' }
    this.#run = run
    child.once('error', ready.reject)
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        run.output += text
        if (run.output.includes(readyLine)) ready.resolve(true)
      })
    void ended.then(() => ready.resolve(false))
    const onAbort = () => ready.reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      if (!(await ready.promise)) return { started: false, output: run.output }
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
    const { server, ca, namespace: _, ...credentials } = await readKubeconfig(join(this.directory, 'admin.kubeconfig'))
    run.transport = createHttpTransport({ server, ca, ...credentials, userAgent: 'bulkhead-prove' })
    return { started: true, endpoint: { server, ca }, transport: run.transport }
  }

  /** As `start`, for an attack that needs the cluster: rejects with what it printed if it ends. */
  async serve(flags: readonly string[], signal: AbortSignal): Promise<Serving> {
    const start = await this.start(flags, signal)
    if (!start.started) throw new Error(`a cluster of the proof's own does not start: ${start.output.trim()}`)
    return start
  }

  /** What the running cluster has printed: the logs of its parts. */
  get output(): string {
    return this.#run?.output ?? ''
  }

  /** The process of a part of the running cluster; undefined if it does not run now. */
  async partPid(part: string): Promise<number | undefined> {
    const { pid } = this.#run?.child ?? {}
    for (const candidate of pid === undefined ? [] : await processTree(pid)) {
      const words = (await commandLine(candidate)).split('\0')
      if (words.at(-2) === part) return candidate
    }
    return undefined
  }

  async stop(): Promise<void> {
    const run = this.#run
    this.#run = undefined
    if (run === undefined) return
    await run.transport?.[Symbol.asyncDispose]()
    run.child.stdin?.end()
    const timer = setTimeout(() => run.child.kill('SIGKILL'), endMs)
    await run.ended
    clearTimeout(timer)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    // A part that was killed may still write.
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10 })
  }
}

interface Owner {
  readonly uid: number
  readonly gid: number
}

/** With owners, because the parts run as users of their own; `owner` instead of them. Sockets are made again. */
async function copyTree(from: string, to: string, owner?: Owner): Promise<void> {
  const { mode, ...found } = await stat(from)
  const { uid, gid } = owner ?? found
  await mkdir(to)
  await chown(to, uid, gid)
  await chmod(to, mode & 0o7777)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) await copyTree(source, target, owner)
    if (!entry.isFile()) continue
    await copyFile(source, target)
    const own = await stat(source)
    const { uid: user, gid: group } = owner ?? own
    await chown(target, user, group)
    await chmod(target, own.mode & 0o7777)
  }
}

/** Of proofs that were killed: their cluster has ended with them, and its folder is left. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = new RegExp(`^${folderPrefix}(\\d+)-`).exec(name)?.[1]
    if (pid === undefined || (await isRunning(pid))) continue
    await rm(join(tmpdir(), name), { recursive: true, force: true })
  }
}

async function isRunning(pid: string): Promise<boolean> {
  try {
    await readFile(`/proc/${pid}/stat`)
    return true
  } catch (err) {
    if (['ENOENT', 'ESRCH'].includes(codeOf(err))) return false
    throw err
  }
}

/** Not of those that the system gives to outgoing connections (from 32768), nor of Services: nothing takes it before the cluster starts. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 30_000)
    if (givenPorts.has(port) || !(await isFree(port))) continue
    givenPorts.add(port)
    return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', err => (codeOf(err) === 'EADDRINUSE' ? resolve(false) : reject(err)))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
