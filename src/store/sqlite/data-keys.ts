// The data keys that seal blocks, by their number in the log.
import { createSecretKey, type KeyObject } from 'node:crypto'
import { RecordDamaged } from '../records/seal.ts'

export class DataKeys {
  readonly #keys = new Map<number, KeyObject>()

  add(id: number, key: Uint8Array): KeyObject {
    const made = createSecretKey(key)
    this.#keys.set(id, made)
    return made
  }

  /** `revision` is for the error message. Throws `RecordDamaged`. */
  get(id: number, revision: number): KeyObject {
    const key = this.#keys.get(id)
    if (key === undefined) throw new RecordDamaged(`The data key ${id} of the stored block at revision ${revision} is missing`)
    return key
  }
}
