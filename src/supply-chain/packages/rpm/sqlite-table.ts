// Reads one table of an SQLite file (sqlite.org, fileformat2.html): the little that rpm's database needs, so that no hostile file reaches SQLite's own code,
// which may write beside it. A journal or log beside the file is not read.
import { UserError } from '../../../base/user-error.ts'

const magic = Buffer.from('SQLite format 3\0', 'latin1')
const interior = 5
const leaf = 13
/** Levels of a tree: with the smallest pages, 20 hold more rows than a file of the largest size. */
const maxDepth = 20
const maxPayloadBytes = 64 * 1024 * 1024

/** The blobs of the table's rows: of each row the first column that is one. Throws a UserError if the file is malformed or lacks the table. */
export function* sqliteBlobs(file: Buffer, table: string): Generator<Buffer> {
  const database = new SqliteFile(file)
  let root = 0
  for (const row of database.rows(1)) {
    const [type, name, , rootPage] = columnsOf(row)
    if (type?.toString() === 'table' && name?.toString() === table && typeof rootPage === 'number') root = rootPage
  }
  if (root === 0) throw new UserError(`It has no table "${table}"`)
  for (const row of database.rows(root)) {
    const blob = columnsOf(row).find(each => Buffer.isBuffer(each))
    if (blob !== undefined && Buffer.isBuffer(blob)) yield blob
  }
}

class SqliteFile {
  readonly #file: Buffer
  readonly #pageSize: number
  readonly #usable: number
  readonly #pages: number
  /** Pages are read once: trees and chains that repeat one are malformed. */
  readonly #used: Uint8Array

  constructor(file: Buffer) {
    if (file.length < 512 || !file.subarray(0, magic.length).equals(magic)) throw new UserError('It is no SQLite database')
    const size = file.readUInt16BE(16)
    this.#file = file
    this.#pageSize = size === 1 ? 65_536 : size
    if (this.#pageSize < 512 || (this.#pageSize & (this.#pageSize - 1)) !== 0) throw new UserError('It has a malformed size of pages')
    this.#usable = this.#pageSize - (file[20] ?? 0)
    if (this.#usable < 480) throw new UserError('It has a malformed size of pages')
    this.#pages = Math.floor(file.length / this.#pageSize)
    this.#used = new Uint8Array(this.#pages + 1)
  }

  /** The records of a table's tree. */
  *rows(page: number, depth = 0): Generator<Buffer> {
    if (depth > maxDepth) throw new UserError('It has a tree that is too deep')
    const bytes = this.#page(page)
    const header = page === 1 ? 100 : 0
    const type = bytes[header]
    const cells = bytes.readUInt16BE(header + 3)
    const pointers = header + (type === interior ? 12 : 8)
    if ((type !== interior && type !== leaf) || pointers + cells * 2 > bytes.length) throw new UserError('It has a malformed page')
    for (let cell = 0; cell < cells; cell++) {
      const at = bytes.readUInt16BE(pointers + cell * 2)
      if (type === leaf) yield this.#payload(bytes, at)
      else yield* this.rows(bytes.readUInt32BE(at), depth + 1)
    }
    if (type === interior) yield* this.rows(bytes.readUInt32BE(header + 8), depth + 1)
  }

  #page(number: number): Buffer {
    if (number < 1 || number > this.#pages || this.#used[number] === 1) throw new UserError('It has a malformed tree of pages')
    // The first page is the schema's, which is read once too.
    this.#used[number] = 1
    return this.#file.subarray((number - 1) * this.#pageSize, number * this.#pageSize)
  }

  #payload(page: Buffer, cell: number): Buffer {
    const [length, afterLength] = varint(page, cell)
    const [, start] = varint(page, afterLength)
    if (length > maxPayloadBytes) throw new UserError(`It has a row of ${length} bytes, at most ${maxPayloadBytes} are read`)
    const most = this.#usable - 35
    if (length <= most) {
      if (start + length > page.length) throw new UserError('It has a malformed row')
      return page.subarray(start, start + length)
    }
    // How much stays on the page (fileformat2, 1.6).
    const least = Math.floor(((this.#usable - 12) * 32) / 255) - 23
    const surplus = least + ((length - least) % (this.#usable - 4))
    const local = surplus <= most ? surplus : least
    const parts = [page.subarray(start, start + local)]
    let left = length - local
    for (let next = page.readUInt32BE(start + local); left > 0; ) {
      const overflow = this.#page(next)
      const taken = Math.min(left, this.#usable - 4)
      parts.push(overflow.subarray(4, 4 + taken))
      left -= taken
      next = overflow.readUInt32BE(0)
    }
    return Buffer.concat(parts)
  }
}

/** A record's values: texts and blobs as bytes, integers of at most six bytes as numbers, anything else as undefined. */
function columnsOf(record: Buffer): (Buffer | string | number | undefined)[] {
  const [headerLength, first] = varint(record, 0)
  const columns: (Buffer | string | number | undefined)[] = []
  let body = headerLength
  for (let at = first; at < headerLength; ) {
    const [type, next] = varint(record, at)
    at = next
    const length = lengthOf(type)
    if (body + length > record.length) throw new UserError('It has a malformed row')
    if (type >= 13 && type % 2 === 1) columns.push(record.toString('utf8', body, body + length))
    else if (type >= 12) columns.push(record.subarray(body, body + length))
    else columns.push(type >= 1 && type <= 5 ? record.readIntBE(body, length) : type === 8 ? 0 : type === 9 ? 1 : undefined)
    body += length
  }
  return columns
}

function lengthOf(type: number): number {
  if (type >= 12) return Math.floor((type - 12) / 2)
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0][type] ?? 0
}

/** Up to nine bytes, of which numbers up to 2 to the power of 53 are exact; larger ones are beyond every bound. */
function varint(bytes: Buffer, start: number): [value: number, next: number] {
  let value = 0
  for (let at = start; at < start + 8; at++) {
    const byte = bytes.readUInt8(at)
    value = value * 128 + (byte & 0x7f)
    if (byte < 0x80) return [value, at + 1]
  }
  return [value * 256 + bytes.readUInt8(start + 8), start + 9]
}
