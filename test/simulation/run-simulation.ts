// Rounds of a simulated cluster: the user works while faults strike; then all faults end, and the cluster must come to rest as requested.
import { createHash } from 'node:crypto'
import { Random } from '../consistency/random.ts'
import { missing } from './convergence.ts'
import { Faults } from './faults.ts'
import { type Broken, Observer } from './observer.ts'
import { SimulatedCluster } from './simulated-cluster.ts'
import { User } from './user.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface SimulationOptions {
  readonly time: VirtualTime
  readonly seed: number
  readonly hours: number
  readonly report: (line: string) => void
}

export interface SimulationResult {
  readonly broken: readonly Broken[]
  readonly bindings: number
  readonly evictions: number
  readonly revision: number
  /** Of the history of all pods: the same for the same seed. */
  readonly digest: string
}

const nodeCount = 5
const hourMs = 3_600_000
const stepMs = 5_000
const mostFaultsMs = 40 * 60_000
/** Crashed containers wait for five minutes, and failed keys of a queue for up to 17. */
const restMs = 40 * 60_000
const maxBroken = 20

export async function runSimulation({ time, seed, hours, report }: SimulationOptions): Promise<SimulationResult> {
  const random = new Random(seed)
  const { clock } = time
  const broken: Broken[] = []
  const note = (found: Broken) => {
    if (broken.length >= maxBroken || broken.some(({ text }) => text === found.text)) return
    broken.push(found)
    report(`${new Date(clock.now()).toISOString()} ${found.rule}: ${found.text}`)
  }
  const cluster = new SimulatedCluster(clock, random.fork(1), nodeCount)
  const stop = new AbortController()
  const observer = new Observer(cluster, note, stop.signal)
  const digest = createHash('sha256')
  observer.onPodChange = (key, revision) => digest.update(`${key} ${revision}\n`)
  const surprise = (text: string) => note({ rule: 'answer', text })
  const user = new User({ client: cluster.user, clock, random: random.fork(2), nodeNames: cluster.nodes.map(({ name }) => name), surprise })
  const faults = new Faults(cluster, clock, random.fork(3), report)
  /** Runs until the work is done, one instant after the other. */
  const through = async (work: Promise<unknown>) => {
    let done = false
    const settled = work.finally(() => {
      done = true
    })
    settled.catch(() => undefined)
    while (!done) {
      await time.advance(stepMs)
      await observer.checkRuntimes()
    }
    await settled
  }
  await through(cluster.start())
  await through(user.prepare(stop.signal))
  const end = clock.monotonic() + hours * hourMs
  const faultsMs = Math.min(mostFaultsMs, (hours * hourMs) / 2)
  while (clock.monotonic() < end && broken.length === 0) {
    const over = new AbortController()
    const acting = (async () => {
      while (!over.signal.aborted) {
        await user.act(stop.signal)
        await clock.sleep(1_000 + random.below(60_000))
      }
    })()
    const striking = faults.run(over.signal)
    await through(clock.sleep(faultsMs))
    over.abort()
    await through(Promise.all([acting, striking]))
    const before = clock.monotonic()
    let lines = await missing(cluster)
    while (lines.length > 0 && clock.monotonic() < before + restMs) {
      await through(clock.sleep(stepMs))
      lines = await missing(cluster)
    }
    for (const text of lines) note({ rule: 'convergence', text })
    report(`${new Date(clock.now()).toISOString()} at rest after ${Math.round((clock.monotonic() - before) / 1000)} s`)
  }
  stop.abort()
  const { bindings, evictions } = observer
  return { broken, bindings, evictions, revision: cluster.store.revision, digest: digest.digest('hex') }
}
