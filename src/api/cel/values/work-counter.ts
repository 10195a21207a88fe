// Counts the actual work of an evaluation beside upstream's cost. Upstream charges some functions by the length of their first argument, or
// 1, whatever they compare, parse or compile; limits and estimates depend on those numbers, so they stay. A separate limit of work ends an
// evaluation.

/** Counts the work of one evaluation; throws above the limit. */
export interface WorkCounter {
  addWork(units: number): void
}

let counter: WorkCounter | undefined

/** Charges the running evaluation, if any. A unit is about 50 ns: one element compared, ten characters read. `units` is a whole number. */
export function addWork(units: number): void {
  counter?.addWork(units)
}

/** Work of reading that many characters or bytes. */
export const addReading = (length: number): void => addWork(1 + (length >> 3))

/** From now on work counts for `next`; returns the previous counter. */
export function countFor(next: WorkCounter | undefined): WorkCounter | undefined {
  const before = counter
  counter = next
  return before
}
