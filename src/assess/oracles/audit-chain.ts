// An own verifier of the audit log, as docs/audit.md describes it: nothing of the code that writes the log.
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseJson } from '../../base/json.ts'

type Fields = Readonly<Record<string, unknown>>

/** What the signer says of a log: its key (SPKI PEM), and the newest batch that it signed. */
export interface SignerRecord {
  readonly publicKey: string
  readonly signedHead?: { readonly sequence: number; readonly digest: Uint8Array } | undefined
}

export interface ChainReport {
  /** Events with a wanted id, in their order. */
  readonly events: readonly Fields[]
  /** Number of all events. */
  readonly count: number
  /** The batch of each wanted id. */
  readonly batches: ReadonlyMap<string, number>
  /** The newest batch with a valid signature. */
  readonly signedUpTo: number
  readonly problems: readonly string[]
}

const noBatch = Buffer.alloc(32)
const maxProblems = 20

/** Reads every file of the folder. Lines at the end that no seal covers yet are no fault: the log is being written. */
export async function verifyChain(folder: string, signer: SignerRecord, isWanted: (auditId: string) => boolean): Promise<ChainReport> {
  const files = (await readdir(folder)).filter(name => /^audit-\d+\.log$/.test(name)).toSorted()
  const chain = new Chain(signer, isWanted)
  let last: number | undefined
  for (const name of files) {
    const number = Number(/\d+/.exec(name)?.[0])
    if (last !== undefined && number !== last + 1) chain.fault(`${name} follows file ${last}`)
    if (last === undefined && number === 1) chain.beginsHere()
    last = number
    let at = 0
    for await (const line of createInterface({ input: createReadStream(join(folder, name)), crlfDelay: Number.POSITIVE_INFINITY }))
      chain.line(line, `${name}:${++at}`)
  }
  return chain.end()
}

class Chain {
  readonly #key: KeyObject
  readonly #head: SignerRecord['signedHead']
  readonly #isWanted: (auditId: string) => boolean
  readonly #problems: string[] = []
  readonly #events: Fields[] = []
  readonly #batches = new Map<string, number>()
  /** Digests of the batches. */
  readonly #digests = new Map<number, string>()
  #previous: Buffer | undefined
  #sequence: number | undefined
  #hash = createHash('sha256')
  #lines = 0
  #pending: string[] = []
  #count = 0
  #signedUpTo = 0

  constructor({ publicKey, signedHead }: SignerRecord, isWanted: (auditId: string) => boolean) {
    this.#key = createPublicKey(publicKey)
    this.#head = signedHead
    this.#isWanted = isWanted
  }

  /** No older file was removed by rotation. */
  beginsHere(): void {
    this.#begin(noBatch, 0)
  }

  fault(text: string): void {
    if (this.#problems.length < maxProblems) this.#problems.push(text)
  }

  #begin(previous: Buffer, sequence: number): void {
    this.#previous = previous
    this.#sequence = sequence
    this.#hash = createHash('sha256').update(previous)
  }

  line(text: string, where: string): void {
    const kind = /^\{"kind":"(\w+)"/.exec(text)?.[1]
    if (kind === 'Seal') {
      this.#seal(text, where)
      return
    }
    this.#lines++
    this.#waiting.push(text)
    if (kind === 'Head') this.#signature(text, where)
    else if (kind === 'Event') this.#event(text)
    else this.fault(`${where}: neither an event nor a seal`)
  }

  /** Lines of the current batch; hashed with the seal, because the first seal says what comes before. */
  readonly #waiting: string[] = []

  #event(text: string): void {
    this.#count++
    const id = /"auditID":"([^"]+)"/.exec(text)?.[1] ?? ''
    if (!this.#isWanted(id)) return
    this.#events.push(parse(text))
    this.#pending.push(id)
  }

  #seal(text: string, where: string): void {
    const { sequence, lines, previous, digest } = parse(text)
    if (this.#previous === undefined || this.#sequence === undefined)
      this.#begin(Buffer.from(String(previous), 'hex'), Number(sequence) - 1)
    for (const waiting of this.#waiting.splice(0)) this.#hash.update(`${waiting}\n`)
    const computed = this.#hash.digest('hex')
    const expected = (this.#sequence ?? 0) + 1
    if (sequence !== expected) this.fault(`${where}: batch ${sequence} where batch ${expected} is due`)
    if (previous !== this.#previous?.toString('hex')) this.fault(`${where}: the batch does not continue the one before`)
    if (lines !== this.#lines) this.fault(`${where}: the batch has ${this.#lines} lines, sealed were ${lines}`)
    if (digest !== computed) this.fault(`${where}: lines of this batch were changed`)
    for (const id of this.#pending) this.#batches.set(id, expected)
    this.#digests.set(expected, computed)
    this.#pending = []
    this.#lines = 0
    this.#begin(Buffer.from(computed, 'hex'), expected)
  }

  #signature(text: string, where: string): void {
    const { sequence, digest, signature } = parse(text)
    const known = this.#digests.get(Number(sequence))
    const isOfThisLog = known === undefined || known === digest
    if (!isOfThisLog) this.fault(`${where}: the signature is for another log`)
    const valid = verify(null, Buffer.from(String(digest), 'hex'), this.#key, Buffer.from(String(signature), 'base64'))
    if (!valid) this.fault(`${where}: the signature is invalid`)
    // Of a batch in a file that rotation removed, nothing follows.
    if (valid && known === digest) this.#signedUpTo = Math.max(this.#signedUpTo, Number(sequence))
  }

  end(): ChainReport {
    if (this.#head !== undefined) {
      const { sequence, digest } = this.#head
      const known = this.#digests.get(sequence)
      if (known === undefined) this.fault(`the signer signed batch ${sequence}, which is not in the log`)
      else if (known !== Buffer.from(digest).toString('hex')) this.fault(`batch ${sequence} is not the one that the signer signed`)
    }
    return {
      ...{ events: this.#events, count: this.#count, batches: this.#batches, signedUpTo: this.#signedUpTo, problems: this.#problems },
    }
  }
}

function parse(text: string): Fields {
  try {
    const value = parseJson(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    // A line that is cut has no fields, and the digest of its batch does not match.
    return {}
  }
}
