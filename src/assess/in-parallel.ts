/** Number of requests of one proof at a time: below the limit of seats of one user, so that no attempt is refused by flow control. */
const defaultWidth = 8

/** Runs `work` for each item, `width` at a time, and returns the results in the order of the items. The first failure ends it. */
export async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>, width = defaultWidth): Promise<R[]> {
  const results: R[] = []
  const rest = items.entries()
  const worker = async (): Promise<void> => {
    for (const [index, item] of rest) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker))
  return results
}
