// Bytes on their way out, to which frames are written one behind the other.

const firstSize = 16 * 1024
/** One that a large body has made larger is not kept. */
const keptSize = 1024 * 1024

export class SendBuffer {
  bytes: Buffer = Buffer.allocUnsafeSlow(firstSize)
  length = 0

  /** Makes room for so many more; `bytes` is another one then. */
  reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
  }

  view(): Buffer {
    return this.bytes.subarray(0, this.length)
  }

  clear(): void {
    this.length = 0
    if (this.bytes.length > keptSize) this.bytes = Buffer.allocUnsafeSlow(firstSize)
  }

  byte(value: number): void {
    this.bytes[this.length++] = value
  }

  uint32(value: number): void {
    this.length = this.bytes.writeUInt32BE(value >>> 0, this.length)
  }
}
