// Room for garbage in a small heap. V8 collects a heap of 30 MB again after some 10, which a burst of requests fills in a moment: each time it marks
// everything that the server holds, and whoever waits meanwhile waits 50 ms.
import { constants, type NodeGCPerformanceDetail, PerformanceObserver } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { machineMemory } from '../base/machine-memory.ts'

/**
 * Bytes of garbage that may come before the next major collection, whatever the heap holds. A large heap has as much by V8's own reckoning. With half as
 * much again there are fewer collections, but each has more to throw away in its pause: 30 ms instead of 20.
 */
const maxRoom = 64 << 20
/** Of the memory that the process may have, where that is little. */
const share = 1 / 16
/** As far as V8 goes itself where garbage comes quickly. */
const maxPercent = 300

/** By how much a heap of `held` bytes may grow until it is collected, in a process that may have `memory` bytes; 0 leaves it to V8. */
export function growthPercent(held: number, memory: number): number {
  const room = Math.min(maxRoom, memory * share)
  const percent = Math.min(maxPercent, Math.floor((100 * room) / held))
  return percent < 100 ? 0 : percent
}

/**
 * From now on, for this process. Also stops V8 from making lists in the old generation because those of their kind lived long once: a list of a
 * request that is over kept everything in it until the next major collection, half of all that became old.
 *
 * To be called when the code is loaded: what V8 caches of compiled code is not valid under other flags.
 */
export function keepHeapRoom(): Disposable {
  setFlagsFromString('--no-allocation-site-pretenuring')
  const memory = machineMemory()
  let percent = -1
  const adjust = (): void => {
    const next = growthPercent(process.memoryUsage().heapUsed, memory)
    if (next === percent) return
    percent = next
    setFlagsFromString(`--heap-growing-percent=${percent}`)
  }
  adjust()
  const observer = new PerformanceObserver(list => {
    // Its type says nothing of the detail that entries of this kind have.
    const collections = list.getEntries() as unknown as readonly { readonly detail: NodeGCPerformanceDetail }[]
    if (collections.some(({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR)) adjust()
  })
  observer.observe({ entryTypes: ['gc'] })
  return { [Symbol.dispose]: () => observer.disconnect() }
}
