// Runs docker-registry as a child of its part: with a configuration, after it removed what nothing refers to.
import { type ChildProcess, spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { untilAborted } from '../base/async/abort.ts'
import { type Clock, pause } from '../base/clock.ts'
import { ensureFile } from '../base/files/replace-file.ts'
import type { Logger } from '../base/log.ts'
import { type DockerRegistrySettings, dockerRegistryConfig, registryFiles } from './docker-registry.ts'

export interface RunDockerRegistryOptions extends DockerRegistrySettings {
  readonly program: string
  /** PEM of the front's certificate. */
  readonly front: string
  readonly clock: Clock
  readonly log: Logger
  onReady(): void
}

const pollMs = 50
const startMs = 30_000
/** What docker-registry would send and resolve by variables of its environment is not inherited. */
const environment = { PATH: '/usr/bin:/bin', OTEL_TRACES_EXPORTER: 'none' }

/** Resolves when the signal has stopped it; rejects if it ends by itself. */
export async function runDockerRegistry(options: RunDockerRegistryOptions, signal: AbortSignal): Promise<void> {
  const { directory, socket, program, front } = options
  const { config, front: certificate } = registryFiles(directory)
  await ensureFile(certificate, front)
  await ensureFile(config, dockerRegistryConfig(options))
  await rm(socket, { force: true })
  await removeUnused(options, signal)
  // The group of the socket's folder may connect, others not. Folders that it makes need their execute bits.
  const before = process.umask(0o007)
  const child = spawn(program, ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'], env: environment, cwd: directory })
  process.umask(before)
  const ended = endOf(child, options.log)
  try {
    await Promise.race([untilConnectable(options, signal), ended])
    options.onReady()
    await Promise.race([ended, untilAborted(new Promise<never>(() => undefined), signal)])
  } catch (err) {
    if (!signal.aborted) throw err
  } finally {
    child.kill('SIGTERM')
    await ended.catch(() => undefined)
  }
}

/** Blobs to which no manifest refers any more; only possible while nothing is pushed. */
async function removeUnused({ program, directory, log }: RunDockerRegistryOptions, signal: AbortSignal): Promise<void> {
  const { config } = registryFiles(directory)
  const child = spawn(program, ['garbage-collect', config], {
    stdio: ['ignore', 'ignore', 'ignore'],
    env: environment,
    cwd: directory,
    signal,
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', resolve)
  })
  // Before the first push there is nothing to collect, which it calls an error.
  if (code !== 0) log.debug('docker-registry removed nothing', { code })
}

function endOf(child: ChildProcess, log: Logger): Promise<never> {
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.slice(0, 4096).split('\n')) if (line !== '') log.info('docker-registry', { line: line.slice(0, 1024) })
  })
  return new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code, name) => reject(new Error(`docker-registry ended (${name ?? `exit code ${code}`})`)))
  })
}

async function untilConnectable({ socket, clock }: RunDockerRegistryOptions, signal: AbortSignal): Promise<void> {
  const until = clock.monotonic() + startMs
  while (!(await isConnectable(socket))) {
    if (clock.monotonic() > until) throw new Error(`docker-registry does not listen on "${socket}" after ${startMs / 1000} s`)
    await pause(clock, pollMs, signal)
    signal.throwIfAborted()
  }
}

function isConnectable(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
