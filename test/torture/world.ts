// A cluster under torture, and the faults that can strike it.
import { setTimeout as delay } from 'node:timers/promises'
import { run, TestCluster, until } from '../cluster.ts'
import type { Random } from '../consistency/random.ts'
import { isAlive, signalTo } from './alive.ts'
import type { Link } from './link.ts'

/** A fault strikes, lasts, and is over when `strike` resolves; the cluster may still be busy to come back. */
export interface Fault {
  readonly name: string
  strike(random: Random): Promise<void>
}

export interface World extends AsyncDisposable {
  readonly kubeconfig: string
  /** Where the clients reach the server. */
  readonly port: number
  readonly faults: readonly Fault[]
  /** What `up` printed. */
  readonly output: string
}

/** Long enough that requests wait for it, too short for clients to give up. */
const shortMs = 300
const longMs = 2_500

export const lasting = (random: Random): Promise<void> => delay(shortMs + random.below(longMs - shortMs))

/** The cluster of `up`, started again at the same place when all of it was killed. */
export class RestartedCluster implements AsyncDisposable {
  readonly #flags: readonly string[]
  readonly dataDirectory: string
  #cluster: TestCluster

  private constructor(cluster: TestCluster, dataDirectory: string, flags: readonly string[]) {
    this.#cluster = cluster
    this.dataDirectory = dataDirectory
    this.#flags = flags
  }

  static async start(dataDirectory: string, flags: readonly string[]): Promise<RestartedCluster> {
    return new RestartedCluster(await TestCluster.start({ dataDirectory, flags }), dataDirectory, flags)
  }

  get now(): TestCluster {
    return this.#cluster
  }

  async killEverything(): Promise<void> {
    // Stopped first, so that it starts no part that is not in the list.
    signalTo(this.#cluster.pid, 'SIGSTOP')
    const { stdout } = await run('ps', ['-o', 'pid=', '--ppid', String(this.#cluster.pid)])
    const pids = stdout.split(/\s+/).filter(Boolean).map(Number)
    for (const pid of [this.#cluster.pid, ...pids]) signalTo(pid, 'SIGKILL')
    await this.#cluster.exited
    await until('every part has ended', () => pids.every(pid => !isAlive(pid)))
    const { port } = this.#cluster
    this.#cluster = await TestCluster.start({ dataDirectory: this.dataDirectory, flags: this.#flags, port })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cluster[Symbol.asyncDispose]()
  }
}

/** Faults of every cluster, whatever its store is. `link` is the one between the clients and the server. */
export function faultsOfParts(cluster: RestartedCluster, link: Link): readonly Fault[] {
  const whenRunning = async (part: string) => {
    await until(`${part} runs`, async () =>
      (await cluster.now.status()).parts.some(({ name, state }) => name === part && state === 'ready'),
    )
    return cluster.now.part(part)
  }
  const kill = (part: string): Fault => ({
    name: `kill -9 of the ${part}`,
    async strike() {
      const { pid, restarts } = await whenRunning(part)
      signalTo(pid, 'SIGKILL')
      await until(`${part} was started again`, async () => {
        const state = (await cluster.now.status()).parts.find(({ name }) => name === part)
        return state !== undefined && state.restarts > restarts && state.state === 'ready'
      })
    },
  })
  const pause = (part: string): Fault => ({
    name: `SIGSTOP of the ${part}`,
    async strike(random) {
      const { pid } = await whenRunning(part)
      signalTo(pid, 'SIGSTOP')
      await lasting(random)
      signalTo(pid, 'SIGCONT')
    },
  })
  return [
    ...[kill('server'), kill('signer'), kill('controllers'), pause('server'), pause('signer')],
    { name: 'kill -9 of everything at once', strike: () => cluster.killEverything() },
    ...faultsOfLink('the clients and the server', link),
  ]
}

export function faultsOfLink(between: string, link: Link): readonly Fault[] {
  const broken = (name: string, break_: () => void): Fault => ({
    name: `${name} between ${between}`,
    async strike(random) {
      break_()
      await lasting(random)
      link.heal()
    },
  })
  return [broken('a cut link', () => link.cut()), broken('dropped packets', () => link.freeze())]
}

/** The calls of a process fail in the kernel while the fault lasts. */
export function failingCalls(name: string, pid: () => Promise<number>, injection: string): Fault {
  return {
    name,
    async strike(random) {
      const seconds = (shortMs + random.below(longMs - shortMs)) / 1000
      const args = [String(seconds), 'strace', '-f', '-qqq', '-o', '/dev/null', '-e', `inject=${injection}`, '-p', String(await pid())]
      // Ends with the process, or by the time limit.
      await run('timeout', ['-s', 'INT', ...args])
    },
  }
}
