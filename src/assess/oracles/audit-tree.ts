// An own verifier of the audit log, as docs/audit.md describes it: nothing of the code that writes or verifies the log.
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseJson } from '../../base/json.ts'
import { codeOf } from '../../base/user-error.ts'

type Fields = Readonly<Record<string, unknown>>

/** What the signer says of a log: its keys in the form of signed notes, and the newest tree that it signed. */
export interface SignerRecord {
  readonly rootKey: string
  readonly logKey: string
  readonly signed?: { readonly size: number; readonly root: Uint8Array } | undefined
}

export interface TreeReport {
  /** Events with a wanted id, in their order. */
  readonly events: readonly Fields[]
  /** Number of all events. */
  readonly count: number
  /** How many lines the log has up to each wanted id. */
  readonly positions: ReadonlyMap<string, number>
  /** Lines before the newest checkpoint with valid signatures. */
  readonly signedUpTo: number
  readonly problems: readonly string[]
}

const maxProblems = 20
const sha = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()
const [leafMark, nodeMark] = [Buffer.from([0]), Buffer.from([1])]

/** Reads every file of the folder. The checkpoint is read before the lines, which may grow meanwhile. */
export async function verifyTree(folder: string, signer: SignerRecord, isWanted: (auditId: string) => boolean): Promise<TreeReport> {
  const checkpoint = await textOf(join(folder, 'tlog', 'checkpoint'))
  const certificates = await certificatesIn(folder)
  const files = (await readdir(folder)).filter(name => /^audit-\d+\.log$/.test(name)).toSorted()
  const tree = new Tree(isWanted)
  if (signer.signed !== undefined)
    tree.mustPass(signer.signed.size, Buffer.from(signer.signed.root), 'the tree that the signer signed last')
  const signed = tree.mustBeSigned(checkpoint, certificates, signer)
  let last: number | undefined
  for (const name of files) {
    const number = Number(/\d+/.exec(name)?.[0])
    if (last !== undefined && number !== last + 1) tree.fault(`${name} follows file ${last}`)
    last = number
    let at = 0
    const input = createReadStream(join(folder, name))
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) tree.line(line, `${name}:${++at}`)
  }
  return tree.end(signed)
}

class Tree {
  readonly #isWanted: (auditId: string) => boolean
  readonly #problems: string[] = []
  readonly #events: Fields[] = []
  readonly #positions = new Map<string, number>()
  readonly #due = new Map<number, { readonly root: Buffer; readonly what: string }[]>()
  /** Roots of perfect subtrees, smallest last, each with its number of leaves. */
  #parts: { readonly leaves: number; readonly hash: Buffer }[] = []
  #size: number | undefined
  #count = 0

  constructor(isWanted: (auditId: string) => boolean) {
    this.#isWanted = isWanted
  }

  fault(text: string): void {
    if (this.#problems.length < maxProblems) this.#problems.push(text)
  }

  mustPass(size: number, root: Buffer, what: string): void {
    this.#due.set(size, [...(this.#due.get(size) ?? []), { root, what }])
  }

  /** Checks the signatures of the checkpoint and of the certificates before it. Returns its size, 0 if it is not valid. */
  mustBeSigned(checkpoint: string | undefined, certificates: readonly string[], { rootKey, logKey }: SignerRecord): number {
    if (checkpoint === undefined) return 0
    let key = keyIn(rootKey)
    const epochs: { readonly number: number; readonly key: KeyObject; readonly size: number }[] = []
    for (const certificate of certificates) {
      const [, , number, publicKey = '', size, root = ''] = certificate.split('\n')
      if (!isSigned(certificate, key)) this.fault(`the certificate of epoch ${number} is not signed by the key before it`)
      key = keyOf(Buffer.from(publicKey, 'base64'))
      epochs.push({ number: Number(number), key, size: Number(size) })
      if (Number(size) > 0) this.mustPass(Number(size), Buffer.from(root, 'base64'), `the tree at the end of epoch ${Number(number) - 1}`)
    }
    const [, size, root = ''] = checkpoint.split('\n')
    const epoch = epochs.findLast(each => each.size < Number(size))
    const valid = epoch !== undefined && isSigned(checkpoint, epoch.key) && isSigned(checkpoint, keyIn(logKey))
    if (!valid) this.fault(`the checkpoint of ${size} lines is not signed by the keys of the log and of epoch ${epoch?.number}`)
    this.mustPass(Number(size), Buffer.from(root, 'base64'), 'the checkpoint')
    return valid ? Number(size) : 0
  }

  line(text: string, where: string): void {
    const kind = /^\{"kind":"(\w+)"/.exec(text)?.[1]
    if (kind === 'Segment') this.#segment(text, where)
    else if (kind === 'Event') this.#event(text)
    else if (kind === undefined) this.fault(`${where}: this is no record`)
    const size = (this.#size ?? 0) + 1
    this.#size = size
    this.#parts.push({ leaves: 1, hash: sha(leafMark, sha(Buffer.from(`${text}\n`))) })
    for (let last = this.#parts.length - 1; last > 0 && this.#parts[last]?.leaves === this.#parts[last - 1]?.leaves; last--) {
      const [left, right] = this.#parts.splice(last - 1, 2)
      if (left !== undefined && right !== undefined)
        this.#parts.push({ leaves: 2 * left.leaves, hash: sha(nodeMark, left.hash, right.hash) })
    }
    for (const { root, what } of this.#due.get(size) ?? [])
      if (!root.equals(this.#root())) this.fault(`${where}: the lines up to here are not those of ${what}`)
    this.#due.delete(size)
  }

  #root(): Buffer {
    return this.#parts.map(({ hash }) => hash).reduceRight((right, left) => sha(nodeMark, left, right))
  }

  #segment(text: string, where: string): void {
    const { first, roots } = parse(text)
    const hashes = Array.isArray(roots) ? roots.map(root => Buffer.from(String(root), 'base64')) : []
    if (this.#size === undefined) {
      // Older files left.
      this.#size = Number(first)
      let rest = Number(first)
      this.#parts = hashes.map(hash => {
        const leaves = 2 ** Math.floor(Math.log2(rest))
        rest -= leaves
        return { leaves, hash }
      })
      if (rest !== 0) this.fault(`${where}: the file does not continue a tree of ${first} lines`)
    }
    const continues =
      first === this.#size && hashes.length === this.#parts.length && hashes.every((hash, at) => this.#parts[at]?.hash.equals(hash))
    if (!continues) this.fault(`${where}: the file does not continue the one before`)
  }

  #event(text: string): void {
    this.#count++
    const id = /"auditID":"([^"]+)"/.exec(text)?.[1] ?? ''
    if (!this.#isWanted(id)) return
    this.#events.push(parse(text))
    this.#positions.set(id, (this.#size ?? 0) + 1)
  }

  end(signed: number): TreeReport {
    for (const [size, trees] of this.#due)
      if (size > (this.#size ?? 0)) for (const { what } of trees) this.fault(`${what} has ${size} lines, the log has ${this.#size ?? 0}`)
    return { events: this.#events, count: this.#count, positions: this.#positions, signedUpTo: signed, problems: this.#problems }
  }
}

const keyOf = (raw: Buffer): KeyObject =>
  createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' })
/** `NAME+ID+KEY`, where the first byte of the key is its type. */
const keyIn = (text: string): KeyObject => keyOf(Buffer.from(text.split('+').slice(2).join('+'), 'base64').subarray(1))

/** Whether a signature of the note is one of its text by this key. */
function isSigned(note: string, key: KeyObject): boolean {
  const end = note.lastIndexOf('\n\n') + 1
  const text = Buffer.from(note.slice(0, end))
  return note
    .slice(end)
    .split('\n')
    .map(line => Buffer.from(line.split(' ')[2] ?? '', 'base64').subarray(4))
    .some(signature => signature.length === 64 && verify(null, text, key, signature))
}

async function certificatesIn(folder: string): Promise<string[]> {
  const text = (await textOf(join(folder, 'epochs'))) ?? ''
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => String(parse(line)['certificate']))
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return undefined
    throw err
  }
}

function parse(text: string): Fields {
  try {
    const value = parseJson(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    // A line that is cut has no fields, and the tree does not match.
    return {}
  }
}
