// Cuts a stream of lines into chunks whose borders depend on the names of objects, so that an object that is added, changed or removed changes
// only the chunk that it is in, and all others are stored already.
import { hash } from 'node:crypto'

/** A chunk is cut at the first border after this many bytes, and without one at the second number. */
export const minChunkBytes = 256 * 1024
export const maxChunkBytes = 4 * 1024 * 1024
/** One object in this many begins a chunk, if the chunk before is large enough. */
const objectsPerBorder = 256

export class Chunker {
  #lines: Buffer[] = []
  #bytes = 0

  /** Takes a line of the object with this key, with its line feed. Returns the chunk before it if the line begins a new one. */
  add(key: string, line: Buffer): Buffer | undefined {
    const full = this.#bytes + line.length > maxChunkBytes && this.#bytes > 0
    const ended = full || (this.#bytes >= minChunkBytes && isBorder(key)) ? this.end() : undefined
    this.#lines.push(line)
    this.#bytes += line.length
    return ended
  }

  /** The last chunk; undefined if it is empty. */
  end(): Buffer | undefined {
    if (this.#bytes === 0) return undefined
    const chunk = Buffer.concat(this.#lines)
    this.#lines = []
    this.#bytes = 0
    return chunk
  }
}

/** By the name alone: the content of an object must not move a border. */
const isBorder = (key: string): boolean => hash('sha256', key, 'buffer').readUInt32BE(0) % objectsPerBorder === 0
