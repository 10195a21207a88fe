// What an evaluation really does, counted beside the cost that upstream counts. Upstream charges some functions by the length of their first argument,
// or 1, whatever they compare, parse or compile; limits and estimates depend on those numbers, so that they stay. Work ends an evaluation by itself.

/** Counts the work of one evaluation; throws where there is too much of it. */
export interface WorkCounter {
  addWork(units: number): void
}

let counter: WorkCounter | undefined

/** Charges the evaluation that runs, if one does. A unit is about 50 ns: an element compared, ten characters read. `units` is a whole number. */
export function addWork(units: number): void {
  counter?.addWork(units)
}

/** The work of reading so many characters or bytes. */
export const addReading = (length: number): void => addWork(1 + (length >> 3))

/** From here on work counts for `next`; returns what it counted for before. */
export function countFor(next: WorkCounter | undefined): WorkCounter | undefined {
  const before = counter
  counter = next
  return before
}
