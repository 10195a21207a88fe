// Reads single entries of a ZIP archive in memory (PKWARE, APPNOTE 6.3): the central directory decides, and each content is bounded before it is unpacked.
import { inflateRawSync } from 'node:zlib'
import { messageOf, UserError } from '../../base/user-error.ts'

export const maxZipEntries = 100_000
const endMagic = 0x06054b50
const centralMagic = 0x02014b50
const localMagic = 0x04034b50
const endBytes = 22
const maxCommentBytes = 65_535

export interface ZipEntry {
  readonly name: string
  /** The content, at most `maxBytes`. Throws a UserError if it is larger, damaged, encrypted or packed by an unknown method. */
  content(maxBytes: number): Buffer
}

/** All entries. Throws a UserError if the archive is malformed or has more than `maxZipEntries`. */
export function zipEntries(file: Buffer): ZipEntry[] {
  const end = endOf(file)
  const count = file.readUInt16LE(end + 10)
  let at = file.readUInt32LE(end + 16)
  if (count > maxZipEntries) throw new UserError(`It has more than ${maxZipEntries} entries`)
  const entries: ZipEntry[] = []
  for (let index = 0; index < count; index++) {
    if (at + 46 > file.length || file.readUInt32LE(at) !== centralMagic) throw new UserError('It has a malformed directory')
    const [nameLength = 0, extraLength = 0, commentLength = 0] = [28, 30, 32].map(offset => file.readUInt16LE(at + offset))
    const name = file.toString('utf8', at + 46, at + 46 + nameLength)
    const header = at
    entries.push({ name, content: maxBytes => contentOf(file, header, maxBytes) })
    at += 46 + nameLength + extraLength + commentLength
  }
  return entries
}

function endOf(file: Buffer): number {
  for (let at = file.length - endBytes; at >= Math.max(0, file.length - endBytes - maxCommentBytes); at--)
    if (file.readUInt32LE(at) === endMagic && at + endBytes + file.readUInt16LE(at + 20) === file.length) return at
  throw new UserError('It is no ZIP archive')
}

function contentOf(file: Buffer, header: number, maxBytes: number): Buffer {
  const [flags, method] = [file.readUInt16LE(header + 8), file.readUInt16LE(header + 10)]
  const [packed = 0, size = 0, local = 0] = [20, 24, 42].map(offset => file.readUInt32LE(header + offset))
  if ((flags & 1) === 1) throw new UserError('It has an encrypted entry')
  if (size > maxBytes) throw new UserError(`It has an entry of ${size} bytes, at most ${maxBytes} are read`)
  if (local + 30 > file.length || file.readUInt32LE(local) !== localMagic) throw new UserError('It has a malformed entry')
  const start = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28)
  if (start + packed > file.length) throw new UserError('It has an entry that ends outside of the file')
  const bytes = file.subarray(start, start + packed)
  if (method === 0) return bytes.subarray(0, maxBytes)
  if (method !== 8) throw new UserError(`It has an entry packed by method ${method}, which is not read`)
  try {
    return inflateRawSync(bytes, { maxOutputLength: Math.max(1, maxBytes) })
  } catch (err) {
    throw new UserError(`It has an entry that cannot be unpacked: ${messageOf(err)}`, { cause: err })
  }
}
