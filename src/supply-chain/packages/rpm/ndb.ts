// rpm's own database format (rpm, lib/backend/ndb/rpmpkg.c): pages of slots, each with the place of a blob.
import { UserError } from '../../../base/user-error.ts'

const magic = 0x506d7052 // `RpmP`
const slotMagic = 0x746f6c53 // `Slot`
const blobMagic = 0x53626c42 // `BlbS`
const pageBytes = 4096
const slotBytes = 16
/** The first page begins with the header, which takes two slots. */
const firstSlot = 2
const blockBytes = 16
const blobHeaderBytes = 16
/** A page has 256 slots. */
export const maxPages = 2048

/** The headers of all packages. Throws a UserError if the file is none of its format. */
export function* ndbValues(file: Buffer): Generator<Buffer> {
  if (file.length < pageBytes || file.readUInt32LE(0) !== magic) throw new UserError('It is no database of rpm (ndb)')
  const pages = file.readUInt32LE(12)
  if (pages > maxPages || pages * pageBytes > file.length) throw new UserError('It has more pages of slots than it has bytes')
  for (let slot = firstSlot; slot < (pages * pageBytes) / slotBytes; slot++) {
    const at = slot * slotBytes
    if (file.readUInt32LE(at) !== slotMagic) throw new UserError('It has a malformed slot')
    const [index, block] = [file.readUInt32LE(at + 4), file.readUInt32LE(at + 8)]
    if (index === 0) continue
    const blob = block * blockBytes
    if (blob + blobHeaderBytes > file.length || file.readUInt32LE(blob) !== blobMagic)
      throw new UserError('It has a slot that leads to no package')
    const length = file.readUInt32LE(blob + 12)
    const start = blob + blobHeaderBytes
    if (start + length > file.length) throw new UserError('It has a package that ends outside of the file')
    yield file.subarray(start, start + length)
  }
}
