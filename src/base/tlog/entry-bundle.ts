// Bundles of entries of C2SP tlog-tiles: each entry after its length, as 16 bits.

export const maxEntryBytes = 65_535
/** A bundle has at most 256 entries. */
const maxBundleEntries = 256

export function encodeBundle(entries: readonly Buffer[]): Buffer {
  return Buffer.concat(
    entries.flatMap(entry => {
      if (entry.length > maxEntryBytes) throw new RangeError(`An entry has at most ${maxEntryBytes} bytes, not ${entry.length}`)
      const length = Buffer.alloc(2)
      length.writeUInt16BE(entry.length)
      return [length, entry]
    }),
  )
}

/** Throws a RangeError for bytes that are no bundle. */
export function decodeBundle(bytes: Buffer): Buffer[] {
  const entries: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const from = at + 2
    const to = from + (from <= bytes.length ? bytes.readUInt16BE(at) : 0)
    if (from > bytes.length || to > bytes.length) throw new RangeError('The bundle ends within an entry')
    if (entries.length === maxBundleEntries) throw new RangeError(`A bundle has at most ${maxBundleEntries} entries`)
    entries.push(bytes.subarray(from, to))
    at = to
  }
  return entries
}

/** As `decodeBundle`, undefined for bytes that are no bundle. */
export function entriesIn(bytes: Buffer): Buffer[] | undefined {
  try {
    return decodeBundle(bytes)
  } catch (err) {
    if (err instanceof RangeError) return undefined
    throw err
  }
}
