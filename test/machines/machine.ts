// Machines as namespaces of this one for the network and mounts, with a wire between them: each runs its own node, with its own containerd and data directory.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { command, noContainers, type Outcome, run, temporaryFolder, until } from '../cluster.ts'

/** The machine of the tests may be nearly full. */
const anyDisk = ['--eviction-hard', 'nodefs.available<1%,imagefs.available<1%,nodefs.inodesFree<1%']

/** Why several machines cannot run here, or false. */
export function noMachines(): string | false {
  const missing = ['/usr/bin/wg', '/usr/bin/wireguard-go', '/usr/bin/tcpdump'].filter(path => !existsSync(path))
  return noContainers() || (missing.length > 0 && `not installed: ${missing.join(', ')}`)
}

export class Machine implements AsyncDisposable {
  readonly name: string
  readonly address: string
  /** Its end of the wire. */
  readonly wire: string
  readonly dataDirectory = temporaryFolder()
  readonly #space: string
  readonly #command: string
  #process: ChildProcess | undefined
  #output = ''

  private constructor(name: string, space: string, wire: string, address: string, script: string) {
    this.name = name
    this.#command = script
    this.#space = space
    this.wire = wire
    this.address = address
  }

  /** Two machines with a wire between them, in a range of the documentation. `script` is that of `bulkhead`; default: this build's. */
  static async pair(script = command): Promise<readonly [Machine, Machine]> {
    const id = process.pid.toString(36).slice(-4)
    const [one, two] = ['1', '2'].map(
      number => new Machine(`m${number}`, `bh${id}-${number}`, `wire${id}${number}`, `192.0.2.${number}`, script),
    ) as [Machine, Machine]
    for (const machine of [one, two]) await machine.#make()
    await must('ip', 'link', 'add', one.wire, 'netns', one.space, 'type', 'veth', 'peer', 'name', two.wire, 'netns', two.space)
    for (const machine of [one, two]) await machine.#connect()
    return [one, two]
  }

  /** Machines on a switch, which is a namespace of its own. */
  static async group(count: number): Promise<{ readonly machines: readonly Machine[] } & AsyncDisposable> {
    const id = process.pid.toString(36).slice(-4)
    const hub = `bh${id}-0`
    const machines = Array.from(
      { length: count },
      (_, index) => new Machine(`m${index + 1}`, `bh${id}-${index + 1}`, `wire${id}${index + 1}`, `192.0.2.${index + 1}`, command),
    )
    await must('ip', 'netns', 'add', hub)
    await must('ip', '-n', hub, 'link', 'add', 'hub', 'type', 'bridge')
    await must('ip', '-n', hub, 'link', 'set', 'hub', 'up')
    for (const machine of machines) {
      await machine.#make()
      const port = `port${machine.name}`
      await must('ip', 'link', 'add', machine.wire, 'netns', machine.space, 'type', 'veth', 'peer', 'name', port, 'netns', hub)
      await must('ip', '-n', hub, 'link', 'set', port, 'master', 'hub', 'up')
      await machine.#connect()
    }
    return {
      machines,
      [Symbol.asyncDispose]: async () => {
        await Promise.all(machines.map(machine => machine.stop('SIGKILL')))
        for (const machine of machines) await machine[Symbol.asyncDispose]()
        await run('ip', ['netns', 'delete', hub])
      },
    }
  }

  async #make(): Promise<void> {
    const { space, mounts } = this
    await must('ip', 'netns', 'add', space)
    // The file that names a namespace for mounts must be on a mount of its own, which no other namespace shares.
    mkdirSync(mounts, { recursive: true })
    await must('mount', '--bind', mounts, mounts)
    await must('mount', '--make-private', mounts)
    writeFileSync(`${mounts}/mnt`, '')
    await must('unshare', `--mount=${mounts}/mnt`, '--propagation', 'private', 'true')
  }

  async #connect(): Promise<void> {
    await this.must('ip', 'link', 'set', 'lo', 'up')
    await this.must('ip', 'address', 'add', `${this.address}/24`, 'dev', this.wire)
    await this.must('ip', 'link', 'set', this.wire, 'up')
  }

  get space(): string {
    return this.#space
  }

  /** The folder with the name of its namespace for mounts. */
  get mounts(): string {
    return `/run/${this.#space}`
  }

  get #inside(): readonly string[] {
    return [`--net=/run/netns/${this.#space}`, `--mount=${this.mounts}/mnt`]
  }

  get output(): string {
    return this.#output
  }

  /** Runs a program on the machine to its end. */
  run(program: string, args: readonly string[], input = ''): Promise<Outcome> {
    return run('nsenter', [...this.#inside, program, ...args], { input })
  }

  /** Its output; rejects if it fails. */
  async must(program: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(program, args)
    if (code !== 0) throw new Error(`${[program, ...args].join(' ')} on ${this.name} ended with ${code}: ${stderr}\n${this.#output}`)
    return stdout
  }

  bulkhead(...args: string[]): Promise<Outcome> {
    return this.run(process.execPath, [this.#command, ...args])
  }

  spawnBulkhead(args: readonly string[]): ChildProcess {
    return this.spawn(process.execPath, [command, ...args])
  }

  /** As a power cut: every process of the machine ends at once, without a word. */
  async kill(): Promise<void> {
    const pids = (await run('ip', ['netns', 'pids', this.#space])).stdout.split('\n').filter(pid => pid !== '')
    for (const pid of pids) await run('kill', ['-9', pid])
    await this.stop('SIGKILL')
  }

  /** As a new machine at the same address. */
  wipe(): void {
    rmSync(this.dataDirectory, { recursive: true, force: true })
    mkdirSync(this.dataDirectory, { mode: 0o755 })
  }

  /** A program that runs until it is stopped. */
  spawn(program: string, args: readonly string[]): ChildProcess {
    return spawn('nsenter', [...this.#inside, program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  }

  /** Runs `bulkhead up` or `join`, and waits for the text in its output. */
  async start(args: readonly string[], text: string): Promise<void> {
    const child = this.spawn(process.execPath, [this.#command, ...args, '--data-dir', this.dataDirectory, ...anyDisk])
    this.#output = ''
    let ended = false
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        this.#output += chunk
      })
    child.once('close', () => {
      ended = true
    })
    this.#process = child
    await until(`${this.name}: ${text}`, () => {
      if (ended && !this.#output.includes(text)) throw new Error(`${args[0]} on ${this.name} ended:\n${this.#output}`)
      return this.#output.includes(text)
    })
  }

  /** Ends it as Ctrl-C or a power cut does. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const closed = new Promise(resolve => child.once('exit', resolve))
    child.kill(signal)
    await closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await run('ip', ['netns', 'delete', this.#space])
    await run('umount', ['-l', `${this.mounts}/mnt`])
    await run('umount', ['-l', this.mounts])
    rmSync(this.mounts, { recursive: true, force: true })
    rmSync(this.dataDirectory, { recursive: true, force: true })
  }

  /** The administrator's kubeconfig, on the machine of the control plane. */
  get kubeconfig(): string {
    return `${this.dataDirectory}/admin.kubeconfig`
  }

  kubectl(...args: string[]): Promise<string> {
    return this.must('kubectl', '--kubeconfig', this.kubeconfig, '--cache-dir', `${this.dataDirectory}/kubectl-cache`, ...args)
  }

  async apply(...objects: readonly object[]): Promise<void> {
    const args = ['--kubeconfig', this.kubeconfig, '--cache-dir', `${this.dataDirectory}/kubectl-cache`, 'apply', '-f', '-']
    const { code, stderr } = await this.run('kubectl', args, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
    if (code !== 0) throw new Error(stderr)
  }
}

async function must(program: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await run(program, args)
  if (code !== 0) throw new Error(`${[program, ...args].join(' ')} ended with ${code}: ${stderr}`)
}

/** What tcpdump wrote so far. */
export const readCapture = (path: string): Buffer => readFileSync(path)
