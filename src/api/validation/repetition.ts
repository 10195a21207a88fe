// Finds what a list repeats in one pass: a look at all before for each item takes seconds for what one body can hold.

/** Says of each value whether it was asked about before. */
export function repetition<T>(): (value: T) => boolean {
  const seen = new Set<T>()
  return value => {
    if (seen.has(value)) return true
    seen.add(value)
    return false
  }
}
