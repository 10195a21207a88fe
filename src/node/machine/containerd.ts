// The node's own containerd: configures, starts, restarts and stops it. Never touches the machine's containerd.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Clock } from '../../base/clock.ts'
import { ensureFile } from '../../base/files/replace-file.ts'
import type { Logger } from '../../base/log.ts'
import { containerdRuntime } from '../cri/containerd-runtime.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'
import { pauseImage } from '../images/builtin-images.ts'
import { containerdConfig } from './containerd-config.ts'
import type { NodeDirectory } from './node-directory.ts'
import { inOwnScope } from './own-scope.ts'
import { endProcesses, listProcesses } from './process-table.ts'
import { writeStreamingCertificate } from './streaming-certificate.ts'

export interface ContainerdOptions {
  readonly directory: NodeDirectory
  readonly cniBinDirectory: string
  readonly log: Logger
  readonly clock: Clock
  readonly binary?: string
}

export interface Containerd extends AsyncDisposable {
  readonly runtime: ContainerRuntime
  readonly socket: string
  /** PEM certificate of the streaming server. */
  readonly streamingCertificate: string
  /** Resolves when the supervisor has stopped; rejects if containerd cannot be kept running. */
  readonly stopped: Promise<void>
}

const firstBackOffMs = 200
const maxBackOffMs = 10_000
/** A containerd that ran this long restarts without delay. */
const steadyMs = 60_000
const startMs = 60_000

/**
 * Starts containerd and resolves when its CRI answers. Containers of an earlier run keep running and are adopted; a containerd that an
 * earlier agent left is stopped first. Disposing stops containerd, not the containers. Rejects with the package to install if a program is
 * missing.
 */
export async function startContainerd(options: ContainerdOptions, signal: AbortSignal): Promise<Containerd> {
  const { directory, log, clock } = options
  const binary = options.binary ?? 'containerd'
  await requirePrograms([binary, 'ctr', 'runc'])
  await prepare(directory)
  await endLeftContainerd(directory, clock, signal)
  const paths = { certificate: directory.streamingCertificate, key: directory.streamingKey }
  const streamingCertificate = await writeStreamingCertificate(paths, clock.now())
  const restrictOomScoreAdj = !canLowerOomScore()
  if (restrictOomScoreAdj) log.info('oom_score_adj cannot be lowered here, sandboxes keep the score of the agent')
  const settings = { sandboxImage: pauseImage, cniBinDirectory: options.cniBinDirectory, restrictOomScoreAdj }
  await ensureFile(directory.containerdConfig, containerdConfig(directory, settings))

  const stop = new AbortController()
  const supervisor = supervise(binary, options, stop.signal)
  const runtime = containerdRuntime(directory.containerdSocket)
  try {
    await Promise.race([untilReady(runtime, clock, signal), supervisor.failed])
  } catch (cause) {
    stop.abort()
    await supervisor.stopped
    await runtime[Symbol.asyncDispose]()
    throw new Error(`Cannot start containerd: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  return {
    runtime,
    socket: directory.containerdSocket,
    streamingCertificate,
    stopped: supervisor.stopped,
    async [Symbol.asyncDispose]() {
      await runtime[Symbol.asyncDispose]()
      stop.abort()
      await supervisor.stopped
    },
  }
}

/** Whether this process may lower its oom_score_adj; containerd needs that to set a sandbox's score. */
function canLowerOomScore(): boolean {
  const file = '/proc/self/oom_score_adj'
  const before = readFileSync(file, 'utf8').trim()
  try {
    writeFileSync(file, String(Math.max(-1000, Number(before) - 1)))
  } catch {
    return false
  }
  writeFileSync(file, before)
  return true
}

async function requirePrograms(names: readonly string[]): Promise<void> {
  const run = promisify(execFile)
  for (const name of names) {
    await run(name, ['--version']).catch(cause => {
      throw new Error(`Cannot start containerd: the program "${name}" cannot be run, install the packages containerd and runc`, { cause })
    })
  }
}

async function prepare(directory: NodeDirectory): Promise<void> {
  for (const path of [directory.root, directory.containerdRoot, directory.containerdState]) {
    // Containers with another uid must reach their mounts, but must not list the folder.
    await mkdir(path, { recursive: true, mode: 0o711 })
  }
  await mkdir(directory.registryConfig, { recursive: true, mode: 0o700 })
  await mkdir(directory.cniConfig, { recursive: true, mode: 0o700 })
}

/** Two containerd on one root would corrupt its database, so one left by a killed agent is stopped first. */
async function endLeftContainerd(directory: NodeDirectory, clock: Clock, signal: AbortSignal): Promise<void> {
  const left = (await listProcesses()).filter(({ command }) => command.includes('--config') && command.includes(directory.containerdConfig))
  await endProcesses(
    left.map(({ pid }) => pid),
    5000,
    clock,
    signal,
  )
  await rm(directory.containerdSocket, { force: true })
}

interface Supervisor {
  readonly stopped: Promise<void>
  /** Rejects if the first start ended before containerd was ready. */
  readonly failed: Promise<never>
}

function supervise(binary: string, { directory, log, clock }: ContainerdOptions, signal: AbortSignal): Supervisor {
  const first = Promise.withResolvers<never>()
  // The starting caller awaits this; once containerd is ready, nothing does.
  first.promise.catch(() => undefined)
  const loop = async () => {
    let backOff = firstBackOffMs
    for (let starts = 1; ; starts++) {
      const startedAt = clock.monotonic()
      // A session of its own: Ctrl-C in the terminal reaches only the agent, which then stops things in order.
      const [program = binary, ...args] = inOwnScope([binary, '--config', directory.containerdConfig], process.env)
      const child = spawn(program, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
      const last = forward(child, log)
      const end = () => child.kill('SIGTERM')
      signal.addEventListener('abort', end, { once: true })
      if (signal.aborted) end()
      const code = await new Promise<string>(resolve => {
        child.on('error', err => resolve(err.message))
        child.on('exit', (exitCode, by) => resolve(by ? `signal ${by}` : `exit code ${exitCode}`))
      })
      signal.removeEventListener('abort', end)
      if (signal.aborted) return
      if (starts === 1) first.reject(new Error(`it ended with ${code}: ${last.line}`))
      if (clock.monotonic() - startedAt >= steadyMs) backOff = firstBackOffMs
      log.error('containerd ended, starting it again', { code, afterMs: backOff, err: last.line })
      try {
        await clock.sleep(backOff, signal)
      } catch {
        // The sleep rejects only because of the signal.
        return
      }
      backOff = Math.min(backOff * 2, maxBackOffMs)
    }
  }
  return { stopped: loop(), failed: first.promise }
}

/** Writes containerd's log lines to the agent's log and keeps the last one for the error. */
function forward(child: ChildProcess, log: Logger): { line: string } {
  const last = { line: '' }
  let rest = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      last.line = line
      log.debug('containerd', { line })
    }
  })
  return last
}

async function untilReady(runtime: ContainerRuntime, clock: Clock, signal: AbortSignal): Promise<void> {
  const limit = clock.monotonic() + startMs
  for (;;) {
    try {
      await runtime.version(signal)
      return
    } catch (err) {
      signal.throwIfAborted()
      if (clock.monotonic() > limit) throw err
      await clock.sleep(25, signal)
    }
  }
}
