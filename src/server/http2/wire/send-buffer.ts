// A buffer of outgoing frames. It holds memory only while it holds bytes: an idle connection
// needs none.

/** Pooled buffers, at most this many of each size. Larger ones are not pooled. */
const sizes = [16 * 1024, 64 * 1024, 256 * 1024]
const kept = 16
const free: Buffer[][] = sizes.map(() => [])
const nothing = Buffer.alloc(0)

function take(needed: number): Buffer {
  const index = sizes.findIndex(size => size >= needed)
  return free[index]?.pop() ?? Buffer.allocUnsafeSlow(sizes[index] ?? needed)
}

function giveBack(bytes: Buffer): void {
  const list = free[sizes.indexOf(bytes.length)]
  if (list !== undefined && list.length < kept) list.push(bytes)
}

export class SendBuffer {
  bytes: Buffer = nothing
  length = 0

  /** Makes room for this many more bytes; replaces `bytes`. */
  reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.bytes.length) return
    const old = this.bytes
    this.bytes = take(Math.max(needed, 2 * old.length))
    old.copy(this.bytes, 0, 0, this.length)
    giveBack(old)
  }

  view(): Buffer {
    return this.bytes.subarray(0, this.length)
  }

  /** The written bytes are no longer needed by anyone. */
  clear(): void {
    this.length = 0
    giveBack(this.bytes)
    this.bytes = nothing
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1)
    this.bytes[this.length++] = value
  }

  uint32(value: number): void {
    this.reserve(4)
    this.length = this.bytes.writeUInt32BE(value >>> 0, this.length)
  }
}
