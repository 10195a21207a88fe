// Which of the waiting writes are made durable together, by their sizes.
import { largeFromBytes } from './large/large-objects.ts'

/**
 * Bytes of large objects in one group: whoever follows changes handles a whole group in one turn, and each large object takes milliseconds.
 * One that is larger is alone.
 */
const maxLargeBytes = 256 * 1024

/** At least one, if there is one. Looks at no write behind the first that is too much: many may wait. */
export function firstGroup<T>(waiting: readonly T[], bytesOf: (one: T) => number): readonly T[] {
  let largeBytes = 0
  const end = waiting.findIndex((one, index) => {
    const bytes = bytesOf(one)
    if (bytes >= largeFromBytes) largeBytes += bytes
    return index > 0 && largeBytes > maxLargeBytes
  })
  return end < 0 ? waiting : waiting.slice(0, end)
}
