// Reads a ZIP archive from memory (PKWARE APPNOTE 6.3, with ZIP64), within limits: feeds of advisories, and archives of Java.
import { crc32, inflateRawSync } from 'node:zlib'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'

export const zipLimits = {
  /** npm's archive has about 250,000. */
  entries: 1_000_000,
  /** Bytes of one file, unpacked. */
  entryBytes: 64 << 20,
  /** Bytes of all files, unpacked. */
  totalBytes: 16 * 2 ** 30,
  /** Bytes of a name. */
  nameBytes: 512,
} as const
export type ZipLimits = { readonly [name in keyof typeof zipLimits]: number }

export interface ZipEntry {
  readonly name: string
  /** The content. Throws a UserError if it has more than `maxBytes`, is damaged, encrypted or packed by an unknown method. */
  content(maxBytes?: number): Buffer
}

const endSize = 22
const maxComment = 0xffff
const signatures = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50 }
const [stored, deflated] = [0, 8]

interface Directory {
  readonly count: number
  readonly offset: number
  readonly end: number
}

/**
 * Yields the files in the order of the directory, and unpacks what the caller reads; `where` begins messages. Throws a UserError that names the entry.
 * The limit of all bytes counts what the directory says.
 */
export function* zipEntries(archive: Buffer, where: string, limits: ZipLimits = zipLimits): Generator<ZipEntry> {
  const { count, offset, end } = readDirectory(archive, where)
  if (count > limits.entries) throw new UserError(`${where} has ${count} entries, at most ${limits.entries} are read`)
  let at = offset
  let total = 0
  for (let index = 0; index < count; index++) {
    if (at + 46 > end || archive.readUInt32LE(at) !== signatures.central) throw broken(where, `entry ${index} is not in its directory`)
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map(field => archive.readUInt16LE(at + field)) as [number, number, number]
    if (nameLength > limits.nameBytes)
      throw new UserError(`${where}: the name of entry ${index} has ${nameLength} bytes, at most ${limits.nameBytes} are read`)
    const next = at + 46 + nameLength + extraLength + commentLength
    if (next > end) throw broken(where, `entry ${index} is not in its directory`)
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength)
    const entry = `entry ${writeJson(name)}`
    const sizes = readSizes(archive, at, nameLength, extraLength, where, entry)
    total += sizes.size
    if (total > limits.totalBytes) throw new UserError(`${where} has more than ${limits.totalBytes} bytes unpacked, which is the limit`)
    const header = at
    const content = (maxBytes: number = limits.entryBytes): Buffer => {
      const most = Math.min(maxBytes, limits.entryBytes)
      if (sizes.size > most) throw new UserError(`${where}: ${entry} has ${sizes.size} bytes, at most ${most} are read`)
      return unpack(archive, header, sizes, where, entry)
    }
    if (!name.endsWith('/')) yield { name, content }
    at = next
  }
}

const broken = (where: string, what: string): UserError => new UserError(`${where} is a broken ZIP archive: ${what}`)

function readDirectory(archive: Buffer, where: string): Directory {
  const at = findEnd(archive)
  if (at === undefined) throw broken(where, 'it has no end record')
  const short = { count: archive.readUInt16LE(at + 10), size: archive.readUInt32LE(at + 12), offset: archive.readUInt32LE(at + 16) }
  const hasLocator = at >= 20 && archive.readUInt32LE(at - 20) === signatures.locator64
  const { count, size, offset } = hasLocator ? readEnd64(archive, at - 20, where) : short
  if (offset + size > at) throw broken(where, 'its directory is outside of the file')
  return { count, offset, end: offset + size }
}

function findEnd(archive: Buffer): number | undefined {
  for (let at = archive.length - endSize; at >= Math.max(0, archive.length - endSize - maxComment); at--)
    if (archive.readUInt32LE(at) === signatures.end && archive.readUInt16LE(at + 20) === archive.length - at - endSize) return at
  return undefined
}

function readEnd64(archive: Buffer, locator: number, where: string) {
  const at = bigNumber(archive, locator + 8)
  if (at + 56 > locator || archive.readUInt32LE(at) !== signatures.end64) throw broken(where, 'its ZIP64 end record is missing')
  return { count: bigNumber(archive, at + 32), size: bigNumber(archive, at + 40), offset: bigNumber(archive, at + 48) }
}

/** 64 bits; numbers above 2⁵³ are outside of any file anyway. */
const bigNumber = (archive: Buffer, at: number): number => Number(archive.readBigUInt64LE(at))

interface Sizes {
  readonly packed: number
  readonly size: number
  readonly offset: number
}

/** The sizes of the directory; 0xffffffff says that the number is in the ZIP64 field. */
function readSizes(archive: Buffer, at: number, nameLength: number, extraLength: number, where: string, entry: string): Sizes {
  const numbers = { size: archive.readUInt32LE(at + 24), packed: archive.readUInt32LE(at + 20), offset: archive.readUInt32LE(at + 42) }
  if (!Object.values(numbers).includes(0xffffffff)) return numbers
  const start = at + 46 + nameLength
  for (let field = start; field + 4 <= start + extraLength; field += 4 + archive.readUInt16LE(field + 2)) {
    if (archive.readUInt16LE(field) !== 1) continue
    const end = field + 4 + archive.readUInt16LE(field + 2)
    let next = field + 4
    const long = (number: number): number => {
      if (number !== 0xffffffff) return number
      if (next + 8 > Math.min(end, start + extraLength)) throw broken(where, `the sizes of ${entry} are missing`)
      next += 8
      return bigNumber(archive, next - 8)
    }
    return { size: long(numbers.size), packed: long(numbers.packed), offset: long(numbers.offset) }
  }
  throw broken(where, `the sizes of ${entry} are missing`)
}

function unpack(archive: Buffer, at: number, { packed, size, offset }: Sizes, where: string, entry: string): Buffer {
  const [flags, method] = [archive.readUInt16LE(at + 8), archive.readUInt16LE(at + 10)]
  if ((flags & 1) !== 0) throw new UserError(`${where}: ${entry} is encrypted, which is not read`)
  if (offset + 30 > archive.length || archive.readUInt32LE(offset) !== signatures.local)
    throw broken(where, `${entry} is outside of the file`)
  const start = offset + 30 + archive.readUInt16LE(offset + 26) + archive.readUInt16LE(offset + 28)
  if (start + packed > archive.length) throw broken(where, `${entry} is outside of the file`)
  const content = archive.subarray(start, start + packed)
  if (method !== stored && method !== deflated)
    throw new UserError(`${where}: ${entry} is packed by method ${method}; only deflate (8) and none (0) are read`)
  const bytes = method === stored ? content : inflate(content, size, where, entry)
  if (bytes.length !== size) throw broken(where, `${entry} has ${bytes.length} bytes, its directory says ${size}`)
  if (crc32(bytes) !== archive.readUInt32LE(at + 16)) throw broken(where, `the checksum of ${entry} is wrong`)
  return bytes
}

function inflate(content: Buffer, size: number, where: string, entry: string): Buffer {
  try {
    // One byte more than the directory says, so that a longer content is seen and not unpacked. zlib wants at least one.
    return inflateRawSync(content, { maxOutputLength: size + 1 })
  } catch (err) {
    throw broken(where, `${entry} cannot be unpacked (${err instanceof Error ? err.message : String(err)})`)
  }
}
