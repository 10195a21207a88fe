// What the newest head says of all objects: a sum over which versions exist, and a link over all writes so far. Every reader computes both, so
// that a version that etcd lost, kept too long or delivered twice is noticed.
import { hash } from 'node:crypto'

const modulus = 1n << 256n

export interface ChainState {
  readonly sum: bigint
  readonly link: Buffer
}

export const emptyChain: ChainState = { sum: 0n, link: Buffer.alloc(32) }

export class StoreChain {
  readonly #key: Buffer
  #sum: bigint
  #link: Buffer

  /** `key` has 32 bytes. */
  constructor(key: Buffer, { sum, link }: ChainState = emptyChain) {
    this.#key = key
    this.#sum = sum
    this.#link = link
  }

  get state(): ChainState {
    return { sum: this.#sum, link: this.#link }
  }

  /** The version `revision` of the object at this key exists. */
  add(place: string, revision: number): void {
    this.#sum = BigInt.asUintN(256, this.#sum + this.#digest(place, revision))
  }

  remove(place: string, revision: number): void {
    this.#sum = BigInt.asUintN(256, this.#sum - this.#digest(place, revision) + modulus)
  }

  /** A write: the tag of its value; for a deletion, a text that names it. */
  follow(tag: Uint8Array): void {
    this.#link = hash('sha256', Buffer.concat([this.#link, tag]), 'buffer')
  }

  /** The key comes first and the result is sealed, so nobody can extend or forge it. */
  #digest(place: string, revision: number): bigint {
    const text = Buffer.alloc(32 + 8 + Buffer.byteLength(place))
    text.set(this.#key, 0)
    text.writeDoubleBE(revision, 32)
    text.write(place, 40)
    return BigInt(`0x${hash('sha256', text, 'hex')}`)
  }
}

export const sameState = (one: ChainState, other: ChainState): boolean => one.sum === other.sum && one.link.equals(other.link)
