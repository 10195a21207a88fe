// Hash databases of Berkeley DB 4 to 6 (dbinc/db_page.h), as far as rpm uses them: large values on chains of overflow pages.
import { UserError } from '../../../base/user-error.ts'

const hashMagic = 0x061561
const headerBytes = 26
const overflowPage = 7
const hashPages: readonly number[] = [2, 13] // unsorted, sorted
const overflowEntry = 3
/** A value as large as a package's header may be. */
const maxValueBytes = 64 * 1024 * 1024

/** The values of all keys. Throws a UserError if the file is none of its format. */
export function* berkeleyValues(file: Buffer): Generator<Buffer> {
  if (file.length < 512) throw new UserError('It is no database of rpm (Berkeley DB)')
  const isLittle = file.readUInt32LE(12) === hashMagic
  if (!isLittle && file.readUInt32BE(12) !== hashMagic) throw new UserError('It is no database of rpm (Berkeley DB with hashes)')
  const u16 = (at: number) => (isLittle ? file.readUInt16LE(at) : file.readUInt16BE(at))
  const u32 = (at: number) => (isLittle ? file.readUInt32LE(at) : file.readUInt32BE(at))
  const pageSize = u32(20)
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) throw new UserError('It has a malformed size of pages')
  const pages = Math.floor(file.length / pageSize)
  if (u32(32) >= pages) throw new UserError('It ends before its last page')
  // Each page of a chain is read once: chains that share or repeat pages are malformed.
  const used = new Uint8Array(pages)
  const chain = (first: number, length: number): Buffer => {
    if (length > maxValueBytes) throw new UserError(`It has a package of ${length} bytes, at most ${maxValueBytes} are read`)
    const parts: Buffer[] = []
    let left = length
    for (let number = first; left > 0; ) {
      if (number === 0 || number >= pages || used[number] === 1) throw new UserError('It has a malformed chain of pages')
      used[number] = 1
      const at = number * pageSize
      if (file[at + 25] !== overflowPage) throw new UserError('It has a malformed chain of pages')
      const taken = Math.min(left, u16(at + 22), pageSize - headerBytes)
      if (taken === 0) throw new UserError('It has a malformed chain of pages')
      parts.push(file.subarray(at + headerBytes, at + headerBytes + taken))
      left -= taken
      number = u32(at + 16)
    }
    return Buffer.concat(parts)
  }
  for (let number = 1; number < pages; number++) {
    const at = number * pageSize
    if (!hashPages.includes(file[at + 25] ?? 0)) continue
    const entries = u16(at + 20)
    if (headerBytes + entries * 2 > pageSize) throw new UserError('It has a malformed page')
    // Keys and values alternate.
    for (let entry = 1; entry < entries; entry += 2) {
      const offset = u16(at + headerBytes + entry * 2)
      // rpm's own counter is a small value in place; packages never fit.
      if (offset + 12 > pageSize || file[at + offset] !== overflowEntry) continue
      yield chain(u32(at + offset + 4), u32(at + offset + 8))
    }
  }
}
