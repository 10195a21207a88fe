// Measures the memory that something retains: counting a cache's entries does not show what they keep alive.
import { collectGarbage } from '../v8/collect-garbage.ts'

/** The growth of the heap by `act`, after a collection. The object under test must still be in use after the call. */
export function retainedBytes(act: () => void): number {
  const before = bytesInUse()
  act()
  return bytesInUse() - before
}

function bytesInUse(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

/** The objects that are still retained. An object referenced in a turn lives until its end: call this in a later turn. */
export function stillHeld<T extends object>(references: readonly WeakRef<T>[]): number {
  collectGarbage()
  return references.filter(reference => reference.deref() !== undefined).length
}
