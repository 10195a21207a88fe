// The data keys that records are sealed with, by the number that the log knows them under.
import { createSecretKey, type KeyObject } from 'node:crypto'
import { areOpen, openPacked, type PackedRecords } from './record.ts'
import { openRecord, RecordDamaged } from './seal.ts'

export class DataKeys {
  readonly #keys = new Map<number, KeyObject>()

  add(id: number, key: Uint8Array): KeyObject {
    const made = createSecretKey(key)
    this.#keys.set(id, made)
    return made
  }

  /** Takes the seals off, in the memory that the records are in. All of them are sealed, or none. Throws `RecordDamaged`. */
  open(records: PackedRecords): void {
    if (areOpen(records)) return
    openPacked(records, (key, sealed, id) => openRecord(this.#get(id, key.revision), key, sealed))
  }

  #get(id: number, revision: number): KeyObject {
    const key = this.#keys.get(id)
    if (key === undefined) throw new RecordDamaged(`The data key ${id} of the stored record at revision ${revision} is missing`)
    return key
  }
}
