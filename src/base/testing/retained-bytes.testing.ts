// How much memory something goes on holding: what a cache keeps alive shows in no count of its entries.
import { collectGarbage } from '../v8/collect-garbage.ts'

/** What the heap has more after `act` when all that is garbage is collected. Whatever keeps something must be in use after the call. */
export function retainedBytes(act: () => void): number {
  const before = bytesInUse()
  act()
  return bytesInUse() - before
}

function bytesInUse(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

/** Those that something still holds. What was pointed at in a turn lives until its end: to be called in a later one than the reference was made in. */
export function stillHeld<T extends object>(references: readonly WeakRef<T>[]): number {
  collectGarbage()
  return references.filter(reference => reference.deref() !== undefined).length
}
