// Records that wait for their batch. Stored as bytes, because strings of a busy half second would be copied by each scavenge, be promoted
// to the old generation, and be encoded anyway.

const smallest = 64 << 10
/** Capacity above this that a burst needed is freed. */
const maxCached = 1 << 20
/** For lines up to this length, the size is estimated as 3 bytes per UTF-16 unit. */
const maxGuessedLength = 4096
const newline = 10

export class LogLines {
  #bytes = Buffer.alloc(0)
  #length = 0
  #count = 0

  /** In bytes. */
  get length(): number {
    return this.#length
  }

  get count(): number {
    return this.#count
  }

  /** All lines, until the next `add` or `clear`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** The text must end with its only newline. */
  add(line: string): void {
    this.#reserve(line.length <= maxGuessedLength ? line.length * 3 : Buffer.byteLength(line))
    this.#length += this.#bytes.write(line, this.#length)
    this.#count++
  }

  /** Adds the first lines of the others, up to `maxLines` in total. */
  addAll(others: LogLines, maxLines: number): void {
    const { bytes } = others
    let end = 0
    let count = 0
    while (end < bytes.length && this.#count + count < maxLines) {
      end = bytes.indexOf(newline, end) + 1
      count++
    }
    this.#reserve(end)
    bytes.copy(this.#bytes, this.#length, 0, end)
    this.#length += end
    this.#count += count
  }

  /** Removes lines that were added since it had this many bytes and lines. */
  cut(length: number, count: number): void {
    this.#length = length
    this.#count = count
  }

  clear(): void {
    this.cut(0, 0)
    if (this.#bytes.length > maxCached) this.#bytes = Buffer.alloc(0)
  }

  /** What `read` makes of the newest line that contains this text and of which it makes something. Lines come without their line end. */
  findLast<T>(text: string, read: (line: string) => T | undefined): T | undefined {
    const { bytes } = this
    for (let at = bytes.lastIndexOf(text); at >= 0; ) {
      const begin = bytes.lastIndexOf(newline, at) + 1
      const found = read(bytes.toString('utf8', begin, bytes.indexOf(newline, at)))
      if (found !== undefined || begin === 0) return found
      at = bytes.lastIndexOf(text, begin - 1)
    }
    return undefined
  }

  #reserve(more: number): void {
    const wanted = this.#length + more
    if (wanted <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(smallest, wanted, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
