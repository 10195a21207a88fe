// Verifies the lines of an audit log in their order, in bounded memory at any length of the log.
import { createHash, type Hash, type KeyObject, verify } from 'node:crypto'
import { batchDigest, genesis, isHeadLine, isSealLine, lostRecords, parseHead, parseSeal, type Seal, type SealedEnd } from './chain.ts'

/** Digests of the newest batches, by which a signed head is compared with its batch. A head is signed seconds after its batch. */
const maxDigests = 100_000
/** Of the first batch, if the files before it were removed: its seal says with which digest it begins. */
const maxFirstBatchBytes = 64 << 20

export class ChainVerifier {
  readonly #key: KeyObject | undefined
  readonly #signedHead: SealedEnd | undefined
  readonly #report: (problem: string) => void
  readonly #digests = new Map<number, string>()
  #end: { digest: Buffer; sequence: number } | undefined
  #hash: Hash | undefined
  /** The lines of the first batch while its beginning is unknown. */
  #first: Buffer[] = []
  #firstBytes = 0
  #pending = 0
  #signedDigest: string | undefined
  batches = 0
  signedHeads = 0
  signedUpTo = 0

  /** `fromStart`: whether the first line of the log is the first that was ever written. */
  constructor(fromStart: boolean, key: KeyObject | undefined, signedHead: SealedEnd | undefined, report: (problem: string) => void) {
    this.#key = key
    this.#signedHead = signedHead
    this.#report = report
    if (fromStart) this.#end = { digest: genesis, sequence: 0 }
  }

  get unsealedLines(): number {
    return this.#pending
  }

  /** Takes a line with its line end. Returns whether it should be an event. */
  line(line: Buffer, where: string): boolean {
    // Seals and heads begin with their kind.
    const start = line.toString('latin1', 0, 16)
    if (isSealLine(start)) {
      this.#seal(line.toString('utf8'), where)
      return false
    }
    this.#add(line, where)
    if (!isHeadLine(start)) return true
    this.#head(line.toString('utf8'), where)
    return false
  }

  /** Reports what is missing at the end. */
  finish(): void {
    const signed = this.#signedHead
    if (signed === undefined) return
    // If the signed batch exists, it counts, and not what comes after it.
    const end = this.#signedDigest === undefined ? (this.#end ?? { sequence: 0, digest: genesis }) : undefined
    const loss = lostRecords(end ?? { ...signed, digest: Buffer.from(this.#signedDigest ?? '', 'hex') }, signed)
    if (loss !== undefined) this.#report(loss)
  }

  #add(line: Buffer, where: string): void {
    this.#pending++
    if (this.#end !== undefined) {
      this.#hash ??= createHash('sha256').update(this.#end.digest)
      this.#hash.update(line)
      return
    }
    this.#firstBytes += line.length
    if (this.#firstBytes > maxFirstBatchBytes) {
      if (this.#first.length > 0) this.#report(`${where}: more than ${maxFirstBatchBytes} bytes without a seal`)
      this.#first = []
    } else this.#first.push(Buffer.from(line))
  }

  #seal(line: string, where: string): void {
    const seal = parseSeal(line)
    if (seal === undefined) return void this.#report(`${where}: the seal is malformed`)
    // Older files may have been removed by rotation: the first seal then shows where the chain begins.
    const { digest, sequence } = this.#end ?? { digest: Buffer.from(seal.previous, 'hex'), sequence: seal.sequence - 1 }
    const actual = this.#batchDigest(digest)
    if (seal.sequence !== sequence + 1) this.#report(`${where}: seal ${seal.sequence} follows seal ${sequence}`)
    if (seal.previous !== digest.toString('hex')) this.#report(`${where}: the seal does not continue the one before`)
    if (seal.lines !== this.#pending || seal.digest !== actual.toString('hex')) this.#report(`${where}: lines of this batch were changed`)
    this.#next(seal)
  }

  #batchDigest(previous: Buffer): Buffer {
    if (this.#hash !== undefined) return this.#hash.digest()
    return batchDigest(previous, Buffer.concat(this.#first))
  }

  #next({ sequence, digest }: Seal): void {
    this.#end = { digest: Buffer.from(digest, 'hex'), sequence }
    this.#hash = undefined
    this.#first = []
    this.#firstBytes = 0
    this.#pending = 0
    this.batches++
    this.#digests.set(sequence, digest)
    if (sequence === this.#signedHead?.sequence) this.#signedDigest = digest
    if (this.#digests.size <= maxDigests) return
    const [oldest] = this.#digests.keys()
    if (oldest !== undefined) this.#digests.delete(oldest)
  }

  #head(line: string, where: string): void {
    const head = parseHead(line)
    if (head === undefined) return void this.#report(`${where}: the head is malformed`)
    const known = this.#digests.get(head.sequence)
    if (known !== undefined && known !== head.digest) this.#report(`${where}: the signed head is of another log`)
    if (this.#key === undefined) return
    if (!verify(null, Buffer.from(head.digest, 'hex'), this.#key, Buffer.from(head.signature, 'base64')))
      return void this.#report(`${where}: the signature of the head is wrong`)
    this.signedHeads++
    this.signedUpTo = Math.max(this.signedUpTo, head.sequence)
  }
}
