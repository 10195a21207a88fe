// The default limit of a store.

/** What V8 can manage for small objects, and what any machine can copy and read in acceptable time. */
const maxBytes = 4 * 2 ** 30
/** Small objects take up to 1.6 times their counted size; requests and the other parts need memory too. */
const memoryShare = 4

/** Limit of bytes of all objects, for a machine or container with this much memory. */
export const defaultStoredBytes = (memory: number): number => Math.min(maxBytes, Math.floor(memory / memoryShare))
