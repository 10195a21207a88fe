// Chains the blocks of a log, so that removing, restoring or replacing any of them is detected.
import { hash, randomBytes } from 'node:crypto'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'

const digestBytes = 32
const tagBytes = 16
const modulus = 1n << 256n

/** The link of a log without blocks. */
export const firstLink: Buffer = Buffer.alloc(digestBytes)

/** What the newest compaction or start sealed about everything up to `last`. */
export interface LogBase {
  readonly floor: number
  /**
   * Blocks that begin at or below this revision are counted in `blocks`; each later one is sealed together with the link of the block
   * before.
   */
  readonly last: number
  readonly state: ChainState
}

/** Sums of keyed digests: blocks and marks can be added and removed, and nobody without the key can compute a replacement. */
export interface ChainState {
  readonly key: Buffer
  readonly link: Buffer
  readonly blocks: bigint
  readonly marks: bigint
}

export class LogChain {
  readonly #key: Buffer
  #link: Buffer
  #blocks: bigint
  #marks: bigint

  constructor({ key, link, blocks, marks }: ChainState = { key: randomBytes(digestBytes), link: firstLink, blocks: 0n, marks: 0n }) {
    this.#key = key
    this.#link = link
    this.#blocks = blocks
    this.#marks = marks
  }

  /** The link that the next block is sealed with. */
  get link(): Buffer {
    return this.#link
  }

  get state(): ChainState {
    return { key: this.#key, link: this.#link, blocks: this.#blocks, marks: this.#marks }
  }

  /** The link after this block, which depends on everything before. */
  follow(sealed: Uint8Array): void {
    this.#link = hash('sha256', Buffer.concat([this.#link, tagOf(sealed)]), 'buffer')
  }

  addBlock(first: number, sealed: Uint8Array): void {
    this.#blocks = BigInt.asUintN(256, this.#blocks + this.#digest('block', first, tagOf(sealed)))
  }

  removeBlock(first: number, sealed: Uint8Array): void {
    this.#blocks = BigInt.asUintN(256, this.#blocks - this.#digest('block', first, tagOf(sealed)) + modulus)
  }

  addMark(revision: number): void {
    this.#marks = BigInt.asUintN(256, this.#marks + this.#digest('mark', revision))
  }

  removeMark(revision: number): void {
    this.#marks = BigInt.asUintN(256, this.#marks - this.#digest('mark', revision) + modulus)
  }

  /**
   * The key comes first and the text has a fixed length, so it cannot be extended, and each sum is sealed. A single call, because each
   * write makes one.
   */
  #digest(kind: 'block' | 'mark', revision: number, tag?: Uint8Array): bigint {
    const text = Buffer.alloc(digestBytes + 9 + tagBytes)
    text.set(this.#key, 0)
    text.writeUInt8(kind === 'block' ? 0 : 1, digestBytes)
    text.writeDoubleBE(revision, digestBytes + 1)
    if (tag !== undefined) text.set(tag, digestBytes + 9)
    return BigInt(`0x${hash('sha256', text, 'hex')}`)
  }
}

/** It identifies a block: without the data key, nobody can create another one with the same tag. */
const tagOf = (sealed: Uint8Array): Uint8Array => sealed.subarray(Math.max(0, sealed.length - tagBytes))

export function baseText({ floor, last, state: { key, link, blocks, marks } }: LogBase): Buffer {
  const hex = { key: key.toString('hex'), link: link.toString('hex'), blocks: blocks.toString(16), marks: marks.toString(16) }
  return Buffer.from(writeJson({ floor, last, ...hex }))
}

/** The text was sealed, so we wrote it. */
export function parseBase(text: Uint8Array): LogBase {
  const value = parseJson(Buffer.from(text).toString('utf8'))
  if (!isJsonObject(value)) throw new TypeError('The base of the log is not an object')
  const { floor, last, key, link, blocks, marks } = value
  const state = {
    key: Buffer.from(String(key), 'hex'),
    link: Buffer.from(String(link), 'hex'),
    blocks: BigInt(`0x${blocks}`),
    marks: BigInt(`0x${marks}`),
  }
  return { floor: Number(floor), last: Number(last), state }
}
