// Remembers large records whose members were already counted: V8 lists all members to find the first one, which takes milliseconds.

/** Above this, the engine stores a record as a table. Few records are so large, so few are remembered. */
const manyMembers = 256
const large = new WeakSet<object>()

/** Call after counting the members of a record that keeps them. */
export function noteMembers(record: object, count: number): void {
  if (count >= manyMembers) large.add(record)
}

/** Whether it was counted and is large. */
export const isKnownLarge = (record: object): boolean => large.has(record)

/** Whether there is no enumerable member: fast for a counted large record and for a small one. */
export function isEmptyRecord(record: object): boolean {
  if (large.has(record)) return false
  for (const _any in record) return false
  return true
}
