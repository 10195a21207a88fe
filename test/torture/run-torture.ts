// Sixteen clients work while faults strike, one after the other in an order that a seed gives; then the history must be consistent.
import { AdminConnection } from '../admin-request.ts'
import { until } from '../cluster.ts'
import { checkHistory } from '../consistency/check-history.ts'
import type { History, Violation } from '../consistency/history.ts'
import { Random } from '../consistency/random.ts'
import { runClients } from '../consistency/run-clients.ts'
import { ApiTarget, type Surprises } from './api-target.ts'
import type { Fault, World } from './world.ts'

export interface TortureOptions {
  readonly world: World
  readonly seed: number
  /** Names of the faults in their order. The run ends after the last one. */
  readonly plan: Iterable<Fault>
  readonly report: (line: string) => void
}

export interface TortureResult {
  readonly history: History
  readonly violations: readonly Violation[]
  readonly operations: number
  /** Answers that no request should get, with their number. */
  readonly surprises: Surprises
}

/** Acknowledged operations between two faults: the cluster works again. */
const operationsBetween = 200

export async function runTorture({ world, seed, plan, report }: TortureOptions): Promise<TortureResult> {
  const random = new Random(seed)
  const surprises: Surprises = new Map()
  const connections: AdminConnection[] = []
  let operations = 0
  let planned = false
  const prefix = `t${seed}-`
  const running = runClients({
    ...{ random: random.fork(1), restMs: 50, prefix },
    targetOf() {
      const connection = new AdminConnection(world.kubeconfig, world.port)
      connections.push(connection)
      return new ApiTarget(connection, prefix, surprises)
    },
    enough(count) {
      operations = count
      return planned
    },
  })
  const strike = async () => {
    const lasting = random.fork(2)
    try {
      for (const fault of plan) {
        const before = operations
        await until('the clients work', () => operations > before + operationsBetween)
        report(`${fault.name}, after ${operations} operations`)
        await fault.strike(lasting)
      }
      const last = operations
      await until('the clients work', () => operations > last + operationsBetween)
    } finally {
      planned = true
    }
  }
  try {
    const [history] = await Promise.all([running, strike()])
    return { history, violations: checkHistory(history), operations, surprises }
  } finally {
    for (const connection of connections) connection[Symbol.dispose]()
  }
}

/** Faults until the time is over. */
export function* faultsUntil(faults: readonly Fault[], random: Random, isOver: () => boolean): Generator<Fault> {
  while (!isOver()) yield random.pick(faults)
}
