// What a start leaves behind: V8 keeps the garbage of it, and the room in which it was made, for as long as little new comes.
import { type Clock, systemClock } from '../base/clock.ts'
import { collectGarbage } from '../base/collect-garbage.ts'
import type { Logger } from '../base/log.ts'

export interface CollectStartOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** What is better done before anybody waits for it; its garbage is collected too. */
  prepare?(): Promise<void>
  /** Collects all garbage and gives free pages back. */
  collect(): void
  /** Share of the time since the last call in which the event loop was busy, 0 to 1. */
  utilization(): number
  /** Bytes. */
  heapUsed(): number
}

const lookMs = 250
const idleBelow = 0.1
/** A process that is busy from its start on has another use for the room. */
const maxLooks = 40
/** Collecting takes about 2 ms a MB, in which nobody is answered. Beyond this the objects are what takes the memory. */
const maxHeap = 48 << 20

/** Collects once, in the first quiet moment after a start. Resolves when that is done, or given up. */
export async function collectStart({ clock, signal, prepare, collect, utilization, heapUsed }: CollectStartOptions): Promise<void> {
  utilization()
  for (let look = 0; look < maxLooks; look++) {
    try {
      await clock.sleep(lookMs, signal)
    } catch (err) {
      if (signal.aborted) return
      throw err
    }
    if (utilization() >= idleBelow) continue
    await prepare?.()
    if (heapUsed() <= maxHeap) collect()
    return
  }
}

/** That of this process, which goes on where it fails. */
export function collectOwnStart(log: Logger, signal: AbortSignal, prepare?: () => Promise<void>): Promise<void> {
  const options = { clock: systemClock, signal, ...(prepare === undefined ? {} : { prepare }), ...processMemory() }
  return collectStart(options).catch((err: unknown) => log.error('first quiet moment not used', { err }))
}

/** How it looks at memory, and collects it. */
export function processMemory(): Pick<CollectStartOptions, 'collect' | 'utilization' | 'heapUsed'> {
  let last = performance.eventLoopUtilization()
  return {
    collect: collectGarbage,
    utilization() {
      const now = performance.eventLoopUtilization()
      const { utilization } = performance.eventLoopUtilization(now, last)
      last = now
      return utilization
    },
    heapUsed: () => process.memoryUsage().heapUsed,
  }
}
