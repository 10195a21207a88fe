// Bytes of all objects of a namespace: the one resource of a quota that no kind has for itself. The store counts them, with the writes that are decided.

/** In `spec.hard` of a ResourceQuota. Each object takes its JSON as it is stored and 1 KiB; Events are not counted. */
export const storedBytesName = 'bulkhead.dev/stored-bytes'

/** The status of a quota follows what is stored in steps of this part of what it grants, since every write changes the number. */
export const publishedSteps = 256
