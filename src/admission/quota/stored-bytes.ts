// Bytes of all objects of a namespace: the one quota resource that belongs to no kind. The store counts them, including decided writes.

/** Used in `spec.hard` of a ResourceQuota. Each object counts with its stored JSON and 1 KiB; Events are not counted. */
export const storedBytesName = 'bulkhead.dev/stored-bytes'

/** The status of a quota is updated in steps of this fraction of its limit, because every write changes the number. */
export const publishedSteps = 256
