// Bytes that come in pieces, kept in one buffer: an object for each piece takes a hundred times the memory of a piece of one byte.

const smallest = 4096

/** Pieces that bytes may come in, beside one for each 16 bytes: whoever sends smaller ones makes the receiver work far more than the bytes are worth. */
const freePieces = 4096
const bytesOfPiece = 16

export class GrowingBuffer {
  #buffer: Buffer = Buffer.alloc(0)
  #length = 0
  #pieces = 0

  get length(): number {
    return this.#length
  }

  /** Whether so few bytes came in so many pieces that the rest is not worth waiting for. */
  get isCrumbled(): boolean {
    return this.#pieces > freePieces + this.#length / bytesOfPiece
  }

  push(piece: Buffer): void {
    const length = this.#length + piece.length
    if (this.#pieces === 0) {
      // Most come in one piece, which is kept as it is.
      this.#buffer = piece
    } else {
      if (length > this.#buffer.length) this.#grow(length)
      piece.copy(this.#buffer, this.#length)
    }
    this.#pieces++
    this.#length = length
  }

  /** All bytes so far; what is pushed later may change what lies behind them. */
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
