// The data keys that records are sealed with, by the number that the log knows them under.
import { createSecretKey, type KeyObject } from 'node:crypto'
import { areOpen, forEachPacked, noDataKey, type PackedRecords, type RecordKey, RecordPacker } from './record.ts'
import { openRecord, RecordDamaged } from './seal.ts'

export class DataKeys {
  readonly #keys = new Map<number, KeyObject>()

  add(id: number, key: Uint8Array): KeyObject {
    const made = createSecretKey(key)
    this.#keys.set(id, made)
    return made
  }

  /** The same records without their seals. All of them are sealed, or none. Throws `RecordDamaged`. */
  open(records: PackedRecords): PackedRecords {
    if (areOpen(records)) return records
    const packer = new RecordPacker()
    forEachPacked(records, (key, sealed, id) => packer.add(key, this.openRecord(key, sealed, id), noDataKey))
    return packer.pack()
  }

  /** Throws `RecordDamaged`. */
  openRecord(key: RecordKey, sealed: Buffer, id: number): Buffer {
    return openRecord(this.#get(id, key.revision), key, sealed)
  }

  #get(id: number, revision: number): KeyObject {
    const key = this.#keys.get(id)
    if (key === undefined) throw new RecordDamaged(`The data key ${id} of the stored record at revision ${revision} is missing`)
    return key
  }
}
