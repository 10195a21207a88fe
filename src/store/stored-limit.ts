// How much a store may hold where nobody says it.

/** What V8 manages by itself of small objects, and what a machine of any size copies and reads in a bearable time. */
const maxBytes = 4 * 2 ** 30
/** Small objects take up to 1.6 times what is counted of them; what answers requests, and the other parts, need room beside them. */
const memoryShare = 4

/** Bytes of all objects, of a machine or container with so much memory. */
export const defaultStoredBytes = (memory: number): number => Math.min(maxBytes, Math.floor(memory / memoryShare))
