// Collects garbage once after the start: V8 otherwise keeps the garbage of the start and its pages for as long as few new objects come.
import { type Clock, systemClock } from '../clock.ts'
import type { Logger } from '../log.ts'
import { collectGarbage } from './collect-garbage.ts'

export interface CollectStartOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Work that is better done before the first request; its garbage is collected too. */
  prepare?(): Promise<void>
  /** Collects all garbage and returns free pages to the system. */
  collect(): void
  /** Share of the time since the last call in which the event loop was busy, 0 to 1. */
  utilization(): number
  /** In bytes. */
  heapUsed(): number
}

const lookMs = 250
const idleBelow = 0.1
/** A process that is busy from its start needs the memory anyway. */
const maxLooks = 40
/** A collection takes about 2 ms per MB, and no request is served meanwhile. Above this size most of the heap is live objects. */
const maxHeap = 48 << 20

/** Collects once, in the first quiet moment after the start. Resolves when that is done or given up. */
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

/** For this process. A failure is logged and ignored. */
export function collectOwnStart(log: Logger, signal: AbortSignal, prepare?: () => Promise<void>): Promise<void> {
  const options = { clock: systemClock, signal, prepare, ...processMemory() }
  return collectStart(options).catch((err: unknown) => log.error('cannot collect the garbage of the start', { err }))
}

/** Reads and collects the heap of this process. */
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
