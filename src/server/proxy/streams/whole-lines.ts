// Assembles lines from chunks that may end anywhere.

const newline = 10

export class WholeLines {
  /** The beginning of an incomplete line. */
  #rest: Buffer[] = []

  /** The lines that end in this chunk, each with its line end. */
  take(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = []
    let at = 0
    for (let end = chunk.indexOf(newline) + 1; end > 0; end = chunk.indexOf(newline, at) + 1) {
      lines.push(Buffer.concat([...this.#rest, chunk.subarray(at, end)]))
      this.#rest = []
      at = end
    }
    if (at < chunk.length) this.#rest.push(chunk.subarray(at))
    return lines
  }
}
