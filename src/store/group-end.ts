// How many of the waiting writes may be made durable together, by their sizes.
import { largeFromBytes } from './large/large-objects.ts'

/**
 * Bytes of large objects in one group: whoever follows changes handles a whole group in one turn, and each large object takes milliseconds.
 * One that is larger is alone.
 */
const maxLargeBytes = 256 * 1024

/** At least one, if there is one. */
export function groupEnd(sizes: readonly number[]): number {
  let largeBytes = 0
  const end = sizes.findIndex((size, index) => {
    if (size >= largeFromBytes) largeBytes += size
    return index > 0 && largeBytes > maxLargeBytes
  })
  return end < 0 ? sizes.length : end
}
