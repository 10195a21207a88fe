// Collects pieces of bytes in one buffer: an object for each piece would take a hundred times the memory of a one-byte piece.

const smallest = 4096

/** Allowed pieces beyond one for each 16 bytes: smaller ones cost the receiver far more work than their bytes are worth. */
const freePieces = 4096
const bytesOfPiece = 16

export class GrowingBuffer {
  #buffer: Buffer = Buffer.alloc(0)
  #length = 0
  #pieces = 0

  get length(): number {
    return this.#length
  }

  /** Whether so few bytes came in so many pieces that the sender should be cut off. */
  get isCrumbled(): boolean {
    return this.#pieces > freePieces + this.#length / bytesOfPiece
  }

  push(piece: Buffer): void {
    const length = this.#length + piece.length
    if (this.#pieces === 0) {
      // Most come in one piece, which is kept without a copy.
      this.#buffer = piece
    } else {
      if (length > this.#buffer.length) this.#grow(length)
      piece.copy(this.#buffer, this.#length)
    }
    this.#pieces++
    this.#length = length
  }

  /** All bytes so far; a later push may change the memory after them. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  clear(): void {
    this.#buffer = Buffer.alloc(0)
    this.#length = 0
    this.#pieces = 0
  }

  #grow(length: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(smallest, length, 2 * this.#length))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}
