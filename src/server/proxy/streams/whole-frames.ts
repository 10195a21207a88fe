// Frames of four bytes of length and so many bytes, out of chunks that may end anywhere.

const lengthBytes = 4

export class WholeFrames {
  #rest: Buffer[] = []
  #size = 0

  /** What the frames that end in this chunk hold. */
  take(chunk: Buffer): Buffer[] {
    this.#rest.push(chunk)
    this.#size += chunk.length
    const frames: Buffer[] = []
    // Looked at only when a length and what it says can be there: chunks of one large frame are joined once.
    if (this.#size < this.#wanted()) return frames
    const bytes = Buffer.concat(this.#rest)
    let at = 0
    while (bytes.length - at >= lengthBytes) {
      const end = at + lengthBytes + bytes.readUInt32BE(at)
      if (end > bytes.length) break
      frames.push(bytes.subarray(at + lengthBytes, end))
      at = end
    }
    this.#rest = at < bytes.length ? [bytes.subarray(at)] : []
    this.#size = bytes.length - at
    return frames
  }

  /** Bytes of the frame that has begun, its length included. */
  #wanted(): number {
    const [first] = this.#rest
    return first === undefined || first.length < lengthBytes ? lengthBytes : lengthBytes + first.readUInt32BE(0)
  }
}
