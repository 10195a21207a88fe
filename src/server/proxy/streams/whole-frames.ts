// Assembles length-prefixed frames (four bytes of length) from chunks that may end anywhere.

const lengthBytes = 4

export class WholeFrames {
  #rest: Buffer[] = []
  #size = 0

  /** The contents of the frames that end in this chunk. */
  take(chunk: Buffer): Buffer[] {
    this.#rest.push(chunk)
    this.#size += chunk.length
    const frames: Buffer[] = []
    // Joins chunks only when a whole frame can be there, so that those of a large frame are joined once.
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

  /** Size of the current frame, including its length. */
  #wanted(): number {
    const [first] = this.#rest
    return first === undefined || first.length < lengthBytes ? lengthBytes : lengthBytes + first.readUInt32BE(0)
  }
}
