// Finds duplicates of a list in one pass: comparing each item with all earlier ones takes seconds for what one body can contain.

/** Returns whether it was already called with the value. */
export function repetition<T>(): (value: T) => boolean {
  const seen = new Set<T>()
  return value => {
    if (seen.has(value)) return true
    seen.add(value)
    return false
  }
}
