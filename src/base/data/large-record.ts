// Records of many members that somebody went through already: to ask V8 for the first member of one lists them all, which takes milliseconds.

/** Beyond this the engine keeps a record as a table. Few records are so large, so that few are remembered. */
const manyMembers = 256
const large = new WeakSet<object>()

/** To be called by whoever has counted the members of a record that keeps them. */
export function noteMembers(record: object, count: number): void {
  if (count >= manyMembers) large.add(record)
}

/** Whether it was counted and is large. */
export const isKnownLarge = (record: object): boolean => large.has(record)

/** Whether there is no enumerable member: at once of a large record that was counted and of a small one. */
export function isEmptyRecord(record: object): boolean {
  if (large.has(record)) return false
  for (const _any in record) return false
  return true
}
