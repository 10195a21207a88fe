// Seals values in etcd with AES-256-GCM, bound to their key. Each process derives a key of its own from the store's data key, and counts
// its nonces, so that none is used twice however many servers write.
import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { openSealed, RecordDamaged, seal } from '../records/seal.ts'

const form = 1
const saltBytes = 16
/** Form, number of the data key, salt of the process. */
const headBytes = 1 + 4 + saltBytes
/** Bytes that sealing adds: this head, nonce, tag. */
export const sealedOverhead = headBytes + 12 + 16
/** A process takes another salt after so many values. */
const sealsPerSalt = 2 ** 31
/** Derived keys that are kept: one for each start of a server whose values are still there. */
const maxRemembered = 1_000

export interface DataKey {
  readonly number: number
  readonly key: Buffer
}

export class ValueSeal {
  readonly #dataKeys = new Map<number, Buffer>()
  readonly #derived = new Map<string, KeyObject>()
  readonly #number: number
  #own: KeyObject
  #head: Buffer
  #seals = 0

  /** The last one seals. */
  constructor(keys: readonly [DataKey, ...DataKey[]]) {
    for (const { number, key } of keys) this.#dataKeys.set(number, key)
    this.#number = Math.max(...keys.map(({ number }) => number))
    this.#head = this.#newHead()
    this.#own = this.#derive(this.#head)
  }

  seal(place: string, plain: Uint8Array): Buffer {
    if (this.#seals >= sealsPerSalt) {
      this.#head = this.#newHead()
      this.#own = this.#derive(this.#head)
      this.#seals = 0
    }
    return Buffer.concat([this.#head, seal(this.#own, this.#seals++, bindingOf(this.#head, place), plain)])
  }

  /** Throws `RecordDamaged` for a value that was not sealed for this place. `what` names it. */
  open(place: string, value: Uint8Array, what: string): Buffer {
    if (value.length < sealedOverhead || value[0] !== form) throw damaged(`${what} has an unknown form`)
    const head = Buffer.from(value.subarray(0, headBytes))
    const plain = openSealed(this.#keyOf(head, what), bindingOf(head, place), value.subarray(headBytes))
    if (plain === undefined) throw damaged(`${what} was changed, or moved from another key`)
    return Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength)
  }

  #keyOf(head: Buffer, what: string): KeyObject {
    const id = head.toString('latin1')
    let key = this.#derived.get(id)
    if (key === undefined) {
      if (!this.#dataKeys.has(head.readUInt32BE(1))) throw damaged(`${what} needs the data key ${head.readUInt32BE(1)}, which is missing`)
      key = this.#derive(head)
      if (this.#derived.size >= maxRemembered) this.#derived.clear()
      this.#derived.set(id, key)
    }
    return key
  }

  #newHead(): Buffer {
    const head = Buffer.alloc(headBytes)
    head.writeUInt8(form, 0)
    head.writeUInt32BE(this.#number, 1)
    randomBytes(saltBytes).copy(head, 5)
    return head
  }

  #derive(head: Buffer): KeyObject {
    const dataKey = this.#dataKeys.get(head.readUInt32BE(1))
    if (dataKey === undefined) throw new RangeError(`No data key ${head.readUInt32BE(1)}`)
    return createSecretKey(derived(dataKey, head.subarray(5), 'etcd value'))
  }
}

/** A key for one purpose (RFC 5869). */
export function derived(dataKey: Buffer, salt: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', dataKey, salt, `bulkhead ${purpose}`, 32))
}

/** What identifies a sealed value: nobody without the key can create another one with the same tag. */
export const tagOf = (value: Uint8Array): Uint8Array => value.subarray(value.length - 16)

const bindingOf = (head: Buffer, place: string): Buffer => Buffer.concat([head, Buffer.from(place)])

const damaged = (what: string): RecordDamaged => new RecordDamaged(`etcd holds damaged data: ${what}`, 'Restore etcd from a snapshot')
