// An own reader of the store's file, as docs/adr/0015 and 0021 describe it: it finds the block of a revision, and changes what a thief could.
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import type { Sealed } from './ciphertext.ts'

export interface StoredBlock {
  /** The revision of its first record; the key of its row. */
  readonly first: number
  readonly dataKey: number
  readonly places: Buffer
  readonly link: Buffer
  readonly sealed: Buffer
}

/** A record's place is five numbers of eight bytes: revision, the revision before, whether it is a deletion, offset, length. */
export const placeBytes = 40
export const deletedOffset = 16

export class SealedStore implements Disposable {
  readonly db: DatabaseSync

  /** Of a cluster that does not run. */
  constructor(file: string) {
    this.db = new DatabaseSync(file)
  }

  get blocks(): StoredBlock[] {
    const rows = this.db.prepare('SELECT first, data_key, places, link, sealed FROM blocks ORDER BY first').all()
    return rows.map(row => ({
      first: Number(row['first']),
      dataKey: Number(row['data_key']),
      places: bytesOf(row['places']),
      link: bytesOf(row['link']),
      sealed: bytesOf(row['sealed']),
    }))
  }

  /** Everything that is sealed. */
  get sealed(): Sealed[] {
    const blocks = this.blocks.map(({ first, dataKey, places, link, sealed }) => ({
      ...{ name: `the block of revision ${first}`, key: dataKey },
      ...{ associated: Buffer.concat([link, places]), bytes: sealed },
    }))
    const base = this.db.prepare('SELECT data_key, sealed FROM base').all()
    return [
      ...blocks,
      ...base.map(row => ({
        ...{ name: 'the summary', key: Number(row['data_key']) },
        ...{ associated: Buffer.from('bulkhead/log-base/v1'), bytes: bytesOf(row['sealed']) },
      })),
    ]
  }

  /** The keys of the blocks as they lie beside them. */
  get wrappedKeys(): Buffer[] {
    return this.db
      .prepare('SELECT wrapped FROM data_keys')
      .all()
      .map(row => bytesOf(row['wrapped']))
  }

  /** The block that contains the record of this revision. */
  blockOf(revision: number): StoredBlock {
    const block = this.blocks.find(({ places }) => revisionsOf(places).includes(revision))
    if (block === undefined) throw new Error(`no block contains revision ${revision}`)
    return block
  }

  /** Gives the row `first` the content of another block, or of a changed one. */
  replace(first: number, { places, link, sealed, dataKey }: StoredBlock): void {
    this.db
      .prepare('UPDATE blocks SET places = ?, link = ?, sealed = ?, data_key = ? WHERE first = ?')
      .run(places, link, sealed, dataKey, first)
  }

  [Symbol.dispose](): void {
    this.db.close()
  }
}

export function revisionsOf(places: Buffer): number[] {
  return Array.from({ length: places.length / placeBytes }, (_, index) => places.readDoubleLE(index * placeBytes))
}

function bytesOf(value: SQLOutputValue | undefined): Buffer {
  if (!(value instanceof Uint8Array)) throw new TypeError(`expected bytes in the store, got ${typeof value}`)
  return Buffer.from(value)
}
