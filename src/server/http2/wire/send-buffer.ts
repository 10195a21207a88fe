// Bytes on their way out, to which frames are written one behind the other. It holds memory only while it holds bytes: a connection that says nothing for
// hours costs none of it.

/** Kept for the next one, so many of each size. Larger ones are not kept. */
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

  /** Makes room for so many more; `bytes` is another one then. */
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

  /** What was written is of no use any more, to nobody. */
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
