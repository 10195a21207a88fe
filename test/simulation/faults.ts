// The faults of a simulated cluster. Each strikes a part that has no other one, lasts, and ends.
import type { Clock } from '../../src/base/clock.ts'
import type { Random } from '../consistency/random.ts'
import type { SimulatedCluster } from './simulated-cluster.ts'

type Part = SimulatedCluster['controllers'][number] | SimulatedCluster['nodes'][number]

interface Fault {
  readonly name: string
  strike(): Promise<void> | void
  end(): Promise<void> | void
}

const atOnce = 3

export class Faults {
  readonly #cluster: SimulatedCluster
  readonly #clock: Clock
  readonly #random: Random
  readonly #struck = new Set<object>()
  readonly #report: (line: string) => void

  constructor(cluster: SimulatedCluster, clock: Clock, random: Random, report: (line: string) => void) {
    this.#cluster = cluster
    this.#clock = clock
    this.#random = random
    this.#report = report
  }

  /** Until the signal; then all faults end. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(Array.from({ length: atOnce }, () => this.#oneAfterTheOther(signal)))
  }

  async #oneAfterTheOther(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#wait(1_000 + this.#random.below(90_000), signal)
      if (signal.aborted) return
      const free = [...this.#cluster.nodes, ...this.#cluster.controllers, this.#cluster].filter(part => !this.#struck.has(part))
      const part = this.#random.pick(free)
      const fault = this.#random.pick(part instanceof Object && 'store' in part ? this.#ofServer() : this.#of(part))
      this.#struck.add(part)
      this.#report(`${new Date(this.#clock.now()).toISOString()} ${fault.name}`)
      await fault.strike()
      // Most are short; some last until the cluster gives a node up.
      await this.#wait(this.#random.next() < 0.25 ? this.#random.below(600_000) : this.#random.below(60_000), signal)
      await fault.end()
      this.#struck.delete(part)
    }
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(ms, signal).catch((err: unknown) => {
      if (!signal.aborted) throw err
    })
  }

  #ofServer(): readonly Fault[] {
    const cluster = this.#cluster
    return [{ name: 'the server restarts', strike: () => cluster.stopServer(), end: () => cluster.startServer() }]
  }

  #of(part: Part): readonly Fault[] {
    const { wire, clock, name } = part
    const heal = () => wire.heal()
    const isNode = 'runtime' in part
    const start = () => (isNode ? this.#cluster.startNode(part) : this.#cluster.startControllers(part))
    return [
      { name: `${name} is killed`, strike: () => this.#cluster.kill(part), end: start },
      { name: `${name} is cut off`, strike: () => wire.cut(), end: heal },
      { name: `packets of ${name} are dropped`, strike: () => wire.freeze(), end: heal },
      {
        name: `requests and answers of ${name} get lost`,
        strike: () => {
          wire.lossShare = 0.3
        },
        end: heal,
      },
      {
        name: `the network of ${name} is slow`,
        strike: () => {
          wire.mostMs = 4_000
        },
        end: heal,
      },
      {
        name: `${name} is paused`,
        strike: () => {
          clock.pause()
          wire.freeze()
        },
        end: () => {
          wire.heal()
          clock.resume()
        },
      },
      {
        name: `the clock of ${name} is set`,
        strike: () => {
          clock.skewMs = this.#random.below(60_000) - 30_000
        },
        end: () => {
          clock.skewMs = 0
        },
      },
      ...(isNode ? [{ name: `${name} loses its power`, strike: () => this.#cluster.powerOff(part), end: start }, this.#exits(part)] : []),
    ]
  }

  #exits(node: SimulatedCluster['nodes'][number]): Fault {
    return {
      name: `processes of ${node.name} crash`,
      strike: async () => {
        for (const { id, state } of (await node.runtime?.listContainers({})) ?? [])
          if (state === 'CONTAINER_RUNNING' && this.#random.next() < 0.5) node.runtime?.exit(id, 1)
      },
      end: () => undefined,
    }
  }
}
