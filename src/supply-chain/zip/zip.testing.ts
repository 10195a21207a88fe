// Writes ZIP archives for tests, also wrong ones.
import { crc32, deflateRawSync } from 'node:zlib'

export interface TestEntry {
  readonly name: string
  readonly content: string | Buffer
  /** What the directory says, instead of what is true. */
  readonly claims?: {
    readonly size?: number
    readonly crc?: number
    readonly method?: number
    readonly flags?: number
    readonly offset?: number
  }
}

/** With `zip64` all sizes are in ZIP64 fields. */
export function writeZip(entries: readonly TestEntry[], zip64 = false): Buffer {
  const locals: Buffer[] = []
  const centrals: Buffer[] = []
  let offset = 0
  for (const { name, content, claims = {} } of entries) {
    const plain = Buffer.from(content)
    const packed = deflateRawSync(plain)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(Buffer.byteLength(name), 26)
    const [size, place] = [claims.size ?? plain.length, claims.offset ?? offset]
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x02014b50, 0)
    central.writeUInt16LE(claims.flags ?? 0, 8)
    central.writeUInt16LE(claims.method ?? 8, 10)
    central.writeUInt32LE(claims.crc ?? crc32(plain), 16)
    central.writeUInt32LE(zip64 ? 0xffffffff : packed.length, 20)
    central.writeUInt32LE(zip64 ? 0xffffffff : size, 24)
    central.writeUInt16LE(Buffer.byteLength(name), 28)
    central.writeUInt32LE(zip64 ? 0xffffffff : place, 42)
    const extra = zip64 ? zip64Field(size, packed.length, place) : Buffer.alloc(0)
    central.writeUInt16LE(extra.length, 30)
    locals.push(local, Buffer.from(name), packed)
    centrals.push(central, Buffer.from(name), extra)
    offset += local.length + Buffer.byteLength(name) + packed.length
  }
  const directory = Buffer.concat(centrals)
  return Buffer.concat([
    ...locals,
    directory,
    ...(zip64 ? end64(entries.length, directory.length, offset) : []),
    end(zip64 ? 0xffff : entries.length, directory.length, offset),
  ])
}

function zip64Field(size: number, packed: number, offset: number): Buffer {
  const field = Buffer.alloc(28)
  field.writeUInt16LE(1, 0)
  field.writeUInt16LE(24, 2)
  for (const [index, value] of [size, packed, offset].entries()) field.writeBigUInt64LE(BigInt(value), 4 + 8 * index)
  return field
}

function end(count: number, size: number, offset: number): Buffer {
  const record = Buffer.alloc(22)
  record.writeUInt32LE(0x06054b50, 0)
  record.writeUInt16LE(count, 8)
  record.writeUInt16LE(count, 10)
  record.writeUInt32LE(size, 12)
  record.writeUInt32LE(offset, 16)
  return record
}

function end64(count: number, size: number, offset: number): Buffer[] {
  const record = Buffer.alloc(56)
  record.writeUInt32LE(0x06064b50, 0)
  record.writeBigUInt64LE(44n, 4)
  record.writeBigUInt64LE(BigInt(count), 24)
  record.writeBigUInt64LE(BigInt(count), 32)
  record.writeBigUInt64LE(BigInt(size), 40)
  record.writeBigUInt64LE(BigInt(offset), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0)
  locator.writeBigUInt64LE(BigInt(offset + size), 8)
  return [record, locator]
}
