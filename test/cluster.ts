// A cluster as a user starts it: `bulkhead up` from the bundle, in a process of its own, with a data directory of its own.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { load } from 'js-yaml'
import { requestStatus, type UpStatus } from '../src/cli/up/control-socket.ts'
import { layout } from '../src/cli/up/data-directory.ts'
import type { PartState } from '../src/cli/up/supervisor.ts'
import { stopStore, storeFlags } from './test-store.ts'

export const repository = fileURLToPath(new URL('..', import.meta.url))
export const command = join(repository, 'bin', 'bulkhead.mjs')

/** The entry point in the newest build's own folder, which the parts of a cluster run. */
export function bundledScript(): string {
  const [, path = ''] = /'(.+)'/.exec(readFileSync(join(repository, 'dist', 'cli.js'), 'utf8')) ?? []
  return join(repository, 'dist', path)
}

/** A guard against hanging, no measurement: a state that is not reached by then never will be. */
const hangMs = 180_000

export interface StartOptions {
  /** Beside `--data-dir` and `--port`. */
  readonly flags?: readonly string[]
  /** Default: a new one below the temporary folder, removed at the end. */
  readonly dataDirectory?: string
  readonly port?: number
  /** User and group of `up` itself. */
  readonly userId?: number
  readonly environment?: Readonly<Record<string, string>>
  /** The program and its arguments up to the flags; default: this Node with `bin/bulkhead.mjs up`. */
  readonly command?: readonly string[]
  /** Put `up` into a process group of its own and send Ctrl-C to all of it, as a terminal does. */
  readonly terminal?: boolean
  /** Give no `--data-dir`: `dataDirectory` is the expected default. */
  readonly defaultDirectory?: boolean
}

export interface Outcome {
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

/** The machine of the tests may be nearly full. */
const anyDisk = ['--eviction-hard', 'nodefs.available<1%,imagefs.available<1%,nodefs.inodesFree<1%']

export class TestCluster implements AsyncDisposable {
  readonly dataDirectory: string
  readonly port: number
  readonly kubeconfig: string
  /** Exit code or signal of `up`. */
  readonly exited: Promise<number | string>
  readonly #child: ChildProcess
  readonly #ownsDirectory: boolean
  readonly #terminal: boolean
  #output = ''
  #ended = false

  private constructor(options: StartOptions, dataDirectory: string, port: number) {
    this.dataDirectory = dataDirectory
    this.port = port
    this.kubeconfig = layout(dataDirectory).kubeconfig
    this.#ownsDirectory = options.dataDirectory === undefined
    this.#terminal = options.terminal ?? false
    const [program = process.execPath, ...first] = options.command ?? [process.execPath, command, 'up']
    const directoryFlags = options.defaultDirectory === true ? [] : ['--data-dir', dataDirectory]
    const args = [...first, ...directoryFlags, '--port', String(port), ...anyDisk, ...(options.flags ?? [])]
    const { userId, environment } = options
    this.#child = spawn(program, args, {
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
      detached: this.#terminal,
      ...(userId === undefined ? {} : { uid: userId, gid: userId }),
    })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
      })
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', (code, signal) => {
        this.#ended = true
        resolve(code ?? signal ?? 'no exit code')
      })
    })
  }

  /** Starts `up` and returns at once. */
  static async launch(options: StartOptions = {}): Promise<TestCluster> {
    const dataDirectory = options.dataDirectory ?? temporaryFolder()
    const flags = [...(await storeFlags(dataDirectory)), ...(options.flags ?? [])]
    return new TestCluster({ ...options, flags }, dataDirectory, options.port ?? (await freePort()))
  }

  /** Starts `up` and waits until it reports that it is ready. */
  static async start(options: StartOptions = {}): Promise<TestCluster> {
    const cluster = await TestCluster.launch(options)
    try {
      await cluster.untilOutput('Ctrl-C stops the cluster')
    } catch (err) {
      await cluster[Symbol.asyncDispose]()
      throw err
    }
    return cluster
  }

  get pid(): number {
    const { pid } = this.#child
    if (pid === undefined) throw new Error('up was not started')
    return pid
  }

  /** Everything that it printed so far. */
  get output(): string {
    return this.#output
  }

  /** Waits until the output after `from` contains the text; rejects if it ends before. */
  async untilOutput(text: string | RegExp, from = 0): Promise<void> {
    const found = () => {
      const seen = this.#output.slice(from)
      return typeof text === 'string' ? seen.includes(text) : text.test(seen)
    }
    await until(`output ${String(text)}`, () => {
      if (!found() && this.#ended) throw new Error(`up ended; its output:\n${this.#output}`)
      return found()
    }).catch(err => {
      throw new Error(`${err instanceof Error ? err.message : err}\noutput of up:\n${this.#output}`)
    })
  }

  async status(): Promise<UpStatus> {
    const status = await requestStatus(layout(this.dataDirectory).supervisorSocket)
    if (status === undefined) throw new Error(`up does not answer; its output:\n${this.#output}`)
    return status
  }

  async part(name: string): Promise<PartState & { readonly pid: number }> {
    const part = (await this.status()).parts.find(candidate => candidate.name === name)
    if (part?.pid === undefined) throw new Error(`no part "${name}" runs`)
    return { ...part, pid: part.pid }
  }

  /** Kills the part and returns when another process does its work. */
  async killPart(name: string): Promise<void> {
    const { pid, restarts } = await this.part(name)
    process.kill(pid, 'SIGKILL')
    await until(`${name} is ready again`, async () => {
      const part = (await this.status()).parts.find(candidate => candidate.name === name)
      return part !== undefined && part.restarts > restarts && part.state === 'ready' && part.pid !== pid
    }).catch(err => {
      throw new Error(`${err instanceof Error ? err.message : err}\noutput of up:\n${this.#output}`)
    })
  }

  /** Runs kubectl; rejects with its stderr if it fails. */
  async kubectl(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.tryKubectl(args)
    if (code === 0) return stdout
    const state = args[0] === 'wait' ? `\nstate:\n${await this.#state()}` : ''
    throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}${state}\noutput of up:\n${this.#output}`)
  }

  /** Why something does not become ready. */
  async #state(): Promise<string> {
    const questions = [
      ['get', 'pods', '-A', '-o', 'wide'],
      ['get', 'events', '-A', '--sort-by=.lastTimestamp'],
      ['describe', 'nodes'],
    ]
    const answers = await Promise.all(questions.map(question => this.tryKubectl(question)))
    return answers.map(({ stdout, stderr }) => `${stdout}${stderr}`.slice(-6000)).join('\n')
  }

  tryKubectl(args: readonly string[], input = ''): Promise<Outcome> {
    return run('kubectl', [...this.#kubectlFlags(), ...args], { input })
  }

  /** For commands that do not end by themselves. */
  spawnKubectl(...args: string[]): ChildProcess {
    return spawn('kubectl', [...this.#kubectlFlags(), ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  }

  #kubectlFlags(): string[] {
    return ['--kubeconfig', this.kubeconfig, '--cache-dir', join(this.dataDirectory, 'kubectl-cache')]
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.#ended) process.kill(this.#terminal ? -this.pid : this.pid, signal)
  }

  /** Ctrl-C. Returns the exit code. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | string> {
    this.signal(signal)
    await until('up has ended', () => this.#ended).catch(() => this.signal('SIGKILL'))
    return this.exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    if (!this.#ownsDirectory) return
    await stopStore(this.dataDirectory)
    rmSync(this.dataDirectory, { recursive: true, force: true })
  }
}

/** Polls; rejects when the state does not come. A throw of `holds` ends the wait. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const signal = AbortSignal.timeout(hangMs)
  while (!(await holds())) {
    if (signal.aborted) throw new Error(`waited in vain: ${what}`)
    await delay(50)
  }
}

/** kubectl's flags for a client with a token, by a kubeconfig file in `folder` without a client certificate. */
export function flagsWithToken({ kubeconfig }: TestCluster, token: string, folder: string): readonly string[] {
  const { clusters } = load(readFileSync(kubeconfig, 'utf8')) as { clusters: object[] }
  const named = clusters.map(entry => ({ ...entry, name: 'bulkhead' }))
  const users = [{ name: 'person', user: { token } }]
  const contexts = [{ name: 'c', context: { cluster: 'bulkhead', user: 'person' } }]
  const path = join(folder, 'kubeconfig')
  const content = { apiVersion: 'v1', kind: 'Config', clusters: named, users, contexts, 'current-context': 'c' }
  writeFileSync(path, JSON.stringify(content), { mode: 0o600 })
  return ['--kubeconfig', path, '--cache-dir', join(folder, 'cache')]
}

/** Reachable for parts that run as other users. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'bulkhead-e2e-'))
  chmodSync(path, 0o755)
  return path
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}

export interface RunOptions {
  /** Default: that of the tests. */
  readonly cwd?: string
  readonly input?: string
  readonly userId?: number
  readonly environment?: Readonly<Record<string, string>>
  /** Longer than anything here should take. */
  readonly hangMs?: number
}

/** Runs a program to its end, whatever its exit code is. */
export function run(
  program: string,
  args: readonly string[],
  { input, userId, environment, cwd, hangMs: timeout = hangMs }: RunOptions = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const options = {
      timeout,
      maxBuffer: 64 * 1024 * 1024,
      env: { ...process.env, ...environment },
      ...(cwd === undefined ? {} : { cwd }),
      ...(userId === undefined ? {} : { uid: userId, gid: userId }),
    }
    const child = execFile(program, [...args], options, (err, stdout, stderr) => {
      if (err !== null && typeof err.code === 'string') reject(err)
      else resolve({ code: err === null ? 0 : (err.code ?? err.signal ?? 'killed'), stdout, stderr })
    })
    // A program that ends without reading its input is no failure of ours.
    child.stdin?.on('error', () => child.stdin?.destroy())
    child.stdin?.end(input)
  })
}

/** Runs the command line of the package. */
export function bulkhead(...args: string[]): Promise<Outcome> {
  return run(process.execPath, [command, ...args])
}

const nodePrograms = [
  '/usr/bin/containerd',
  '/usr/sbin/runc',
  '/usr/lib/cni/bridge',
  '/usr/sbin/nft',
  '/usr/bin/busybox',
  '/usr/bin/kubectl',
]

/** Why real containers cannot run here, or false. */
export function noContainers(): string | false {
  if (process.getuid?.() !== 0) return 'needs root'
  const missing = nodePrograms.filter(path => !existsSync(path))
  return missing.length === 0 ? false : `not installed: ${missing.join(', ')}`
}

export const noKubectl = existsSync('/usr/bin/kubectl') || existsSync('/usr/local/bin/kubectl') ? false : 'kubectl is not installed'

/** Every process whose command line names the path. */
export async function processesNaming(path: string): Promise<string[]> {
  const { stdout } = await run('ps', ['-eo', 'pid=,args='])
  return stdout.split('\n').filter(line => line.includes(path))
}

export const mountsNaming = (path: string): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter(line => line.includes(path))
