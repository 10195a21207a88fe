// Lets a small heap grow before it is collected. V8 collects a heap of 30 MB again after about 10 MB of garbage, which a burst of requests
// fills in a moment. Each collection marks every object of the server, and requests wait 50 ms.
import { constants, type NodeGCPerformanceDetail, PerformanceObserver } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { machineMemory } from '../machine-memory.ts'

/**
 * Bytes of garbage before the next major collection, whatever the size of the heap. V8 itself gives a large heap that much. With 50 % more
 * there are fewer collections, but each takes 30 ms instead of 20.
 */
const maxRoom = 64 << 20
/** Share of the memory limit, if the limit is small. */
const share = 1 / 16
/** The limit of V8 itself when garbage comes fast. */
const maxPercent = 300

/**
 * The growth in percent that a heap of `held` bytes may have before it is collected, in a process with a limit of `memory` bytes; 0 leaves
 * it to V8.
 */
export function growthPercent(held: number, memory: number): number {
  const room = Math.min(maxRoom, memory * share)
  const percent = Math.min(maxPercent, Math.floor((100 * room) / held))
  return percent < 100 ? 0 : percent
}

/**
 * Takes effect for this process from now on. Call it after the code is loaded, because V8's code cache is not valid under other flags.
 */
export function keepHeapRoom(): Disposable {
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
    // The types of Node do not describe the detail of these entries.
    const collections = list.getEntries() as unknown as readonly { readonly detail: NodeGCPerformanceDetail }[]
    if (collections.some(({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR)) adjust()
  })
  observer.observe({ entryTypes: ['gc'] })
  return { [Symbol.dispose]: () => observer.disconnect() }
}
