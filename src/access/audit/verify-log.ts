// Verifies an audit log offline, with public keys alone: lines against the tiles and against every signed tree that is known of it.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LineTooLong, readLines } from '../../base/files/read-lines.ts'
import { parseCheckpoint } from '../../base/tlog/checkpoint.ts'
import { CompactTree, perfectLevels } from '../../base/tlog/compact-tree.ts'
import type { EpochCertificate } from '../../base/tlog/epoch-certificate.ts'
import { type Note, type NoteKey, parseNote } from '../../base/tlog/note.ts'
import { codeOf, messageOf } from '../../base/user-error.ts'
import { checkpointPath } from './checkpoints.ts'
import { type EpochChain, signatureFault, verifyEpochs } from './epoch-chain.ts'
import { readEpochs } from './epochs-file.ts'
import { logFileName, logFileNumbers } from './log-files.ts'
import { isSegmentLine, maxLineBytes, parseEpochLine, parseSegment } from './log-record.ts'
import { LogTree } from './log-tree.ts'
import { type SignedTree, treeFrom } from './replay-log.ts'
import { TileComparison } from './tile-comparison.ts'
import { TileFiles } from './tile-files.ts'

/** A tree that someone saw: the log must continue it. */
export interface SeenTree extends SignedTree {
  /** Such as `the signer` or `witness w1.example`. */
  readonly by: string
}

export interface VerifyLogOptions {
  /** Certified the first epoch. Without it no signature is checked. */
  readonly rootKey?: NoteKey | undefined
  /** Signs every checkpoint, beside the key of its epoch. */
  readonly logKey?: NoteKey | undefined
  readonly seen?: readonly SeenTree[]
  /** True if `seen` is from the signer itself, at this time: the first checkpoint may be signed and not stored yet. */
  readonly mayLackCheckpoint?: boolean
  /** Of each line that is an event or sealed; the buffer is valid until it returns. */
  onRecord?(line: Buffer, index: number, where: string): void
}

export interface VerifiedLog {
  readonly files: number
  /** The index of the oldest line that is there. */
  readonly first: number
  /** Lines of the whole log. */
  readonly size: number
  readonly epochs: number
  /** The size of the tree whose signature is valid: no record before can be changed or removed unnoticed. */
  readonly signedSize: number
  /** Faults with file and line; empty for an intact log. */
  readonly problems: readonly string[]
}

const maxProblems = 100

export async function verifyLog(directory: string, options: VerifyLogOptions = {}): Promise<VerifiedLog> {
  const verifier = new LogVerifier(directory, options)
  await verifier.readSigned()
  await verifier.readFiles()
  return verifier.finish()
}

class LogVerifier {
  readonly #directory: string
  readonly #options: VerifyLogOptions
  readonly #tiles: TileFiles
  readonly #problems: string[] = []
  #chain: EpochChain = { epochs: [], problems: [] }
  #checkpoint: { readonly note: Note; readonly tree: SignedTree } | undefined
  /** Trees that the log must continue, by their size. */
  readonly #seen = new Map<number, SeenTree[]>()
  /** Where the record of each epoch is. */
  readonly #epochAt = new Map<number, number>()
  #tree = new LogTree()
  #comparison: TileComparison | undefined
  #first = 0
  #files = 0
  #signedSize = 0
  #oldest = 1
  /** A line without an end: the newest one may be half written. */
  #cut: string | undefined

  constructor(directory: string, options: VerifyLogOptions) {
    this.#directory = directory
    this.#options = options
    this.#tiles = new TileFiles(directory)
  }

  #report(problem: string): void {
    if (this.#problems.length < maxProblems) this.#problems.push(problem)
  }

  /** What was signed, before the lines: they may grow meanwhile. */
  async readSigned(): Promise<void> {
    const { rootKey, seen = [] } = this.#options
    const { epochs, problems } = await readEpochs(this.#directory)
    for (const problem of problems) this.#report(problem)
    if (rootKey !== undefined) this.#chain = verifyEpochs(epochs, rootKey)
    for (const problem of this.#chain.problems) this.#report(problem)
    for (const { epoch, size, root } of this.#chain.epochs) this.#mustContinue({ by: `the key of epoch ${epoch - 1}`, size, root })
    for (const each of seen) this.#mustContinue(each)
    this.#checkpoint = await this.#readCheckpoint()
    if (this.#checkpoint !== undefined) this.#mustContinue({ by: 'the checkpoint', ...this.#checkpoint.tree })
  }

  #mustContinue(tree: SeenTree): void {
    this.#seen.set(tree.size, [...(this.#seen.get(tree.size) ?? []), tree])
  }

  async #readCheckpoint(): Promise<{ readonly note: Note; readonly tree: SignedTree } | undefined> {
    try {
      const note = parseNote(await readFile(checkpointPath(this.#directory), 'utf8'))
      const { origin, size, root } = parseCheckpoint(note.text)
      const own = this.#chain.epochs[0]?.origin
      if (own !== undefined && origin !== own) this.#report(`the checkpoint is one of the log "${origin}", not of "${own}"`)
      return { note, tree: { size, root } }
    } catch (err) {
      const { rootKey, mayLackCheckpoint = false } = this.#options
      if (codeOf(err) === 'ENOENT' && (rootKey === undefined || mayLackCheckpoint)) return undefined
      this.#report(
        codeOf(err) === 'ENOENT'
          ? 'the checkpoint is missing: no signature says which records there were'
          : `the checkpoint cannot be read: ${messageOf(err)}`,
      )
      return undefined
    }
  }

  async readFiles(): Promise<void> {
    const numbers = await logFileNumbers(this.#directory)
    for (const [at, number] of numbers.entries()) {
      const name = logFileName(number)
      const expected = (numbers[0] ?? 1) + at
      if (number !== expected) this.#report(`${logFileName(expected)} is missing`)
      await this.#readFile(name, number, at === 0)
      this.#files++
    }
    const [oldest = 1] = numbers
    if (oldest > this.#oldest)
      this.#report(
        `${logFileName(this.#oldest)} is missing: by its own record the log begins with it, and here with ${logFileName(oldest)}`,
      )
    await this.#comparison?.finish()
    for (const problem of this.#comparison?.problems ?? []) this.#report(problem)
  }

  async #readFile(name: string, number: number, isOldest: boolean): Promise<void> {
    let at = 0
    try {
      for await (const lines of readLines(join(this.#directory, name), maxLineBytes)) {
        for (const line of lines) {
          const where = `${name}:${++at}`
          if (line.at(-1) !== 0x0a) this.#cut = where
          else {
            if (at === 1) await this.#segment(line, where, number, isOldest)
            this.#line(line, where)
          }
        }
        await this.#comparison?.compareFull()
      }
    } catch (err) {
      if (err instanceof LineTooLong) this.#report(`${name}:${at + 1}: the line is longer than any record`)
      // Retention may remove the oldest file before it is read.
      else if (codeOf(err) !== 'ENOENT' || !isOldest) throw err
    }
  }

  async #segment(line: Buffer, where: string, number: number, isOldest: boolean): Promise<void> {
    const segment = parseSegment(line)
    if (segment === undefined) {
      this.#report(`${where}: the first line does not say where the file begins in the log`)
    } else {
      this.#oldest = segment.oldest
      if (segment.file !== number) this.#report(`${where}: this is file ${segment.file} of the log`)
      if (isOldest && segment.first > 0) {
        this.#first = segment.first
        const tree = await treeFrom(segment, tile => this.#tiles.read(tile))
        if (tree === undefined) this.#report('the tiles before the oldest file are missing or were changed')
        const isTree = perfectLevels(segment.first).length === segment.roots.length
        this.#tree = tree ?? (isTree ? new LogTree(CompactTree.of(segment.first, segment.roots)) : new LogTree())
      }
      const continues = segment.first === this.#tree.size && segment.roots.every((root, index) => this.#tree.roots[index]?.equals(root))
      if (!continues)
        this.#report(
          `${where}: the file does not continue the one before: it begins with record ${segment.first}, and record ${this.#tree.size} is due`,
        )
    }
    this.#comparison ??= new TileComparison(this.#tiles, this.#tree, this.#checkpoint?.tree.size ?? 0)
    if (this.#tree.size === 0) this.#compareSeen()
  }

  #line(line: Buffer, where: string): void {
    const index = this.#tree.size
    const epoch = parseEpochLine(line)
    if (epoch !== undefined) {
      this.#epochAt.set(epoch.epoch, index)
      if (this.#options.rootKey !== undefined && this.#chain.epochs[epoch.epoch - 1] === undefined)
        this.#report(`${where}: the certificate of epoch ${epoch.epoch} is missing in the file of epochs`)
    } else if (!isSegmentLine(line)) this.#options.onRecord?.(line, index, where)
    this.#comparison?.add({ entry: this.#tree.appendLine(line), where }, index)
    this.#compareSeen()
  }

  #compareSeen(): void {
    const trees = this.#seen.get(this.#tree.size)
    if (trees === undefined) return
    const root = this.#tree.root()
    for (const { by, root: seen } of trees)
      if (!seen.equals(root))
        this.#report(`the first ${this.#tree.size} records are not those that ${by} signed: they were changed, or this is a fork`)
    this.#seen.delete(this.#tree.size)
    if (this.#checkpoint?.tree.size !== this.#tree.size) return
    if (this.#checkpoint.tree.root.equals(root)) this.#checkSignature(this.#checkpoint.note, this.#tree.size)
    this.#comparison?.partial()
  }

  #checkSignature(note: Note, size: number): void {
    if (this.#options.rootKey === undefined || this.#chain.epochs.length === 0) return
    // Records of epochs may have left with old files: their certificates say before which record they are.
    const indexOf = ({ epoch, size: from }: EpochCertificate): number =>
      this.#epochAt.get(epoch) ?? (from < this.#first ? from : Number.POSITIVE_INFINITY)
    const epoch = this.#chain.epochs.findLast(each => indexOf(each) < size)?.epoch ?? 0
    const fault = signatureFault(note, size, epoch, this.#chain.epochs, this.#options.logKey)
    if (fault !== undefined) this.#report(fault)
    else this.#signedSize = size
  }

  finish(): VerifiedLog {
    const size = this.#tree.size
    if (this.#cut !== undefined && [...this.#seen.keys()].some(seen => seen > size)) this.#report(`${this.#cut}: the last line is cut`)
    for (const [seenSize, trees] of this.#seen) {
      // Of files that retention removed: the roots of the oldest file contain them.
      if (seenSize < this.#first || seenSize === 0) continue
      for (const { by } of trees)
        this.#report(`records are lost: the log ends with record ${size}, and ${by} signed ${seenSize} records: it was cut or rolled back`)
    }
    if (this.#options.rootKey !== undefined && this.#chain.epochs.length === 0 && this.#chain.problems.length === 0 && size > 0)
      this.#report('the file of epochs is missing: no key is certified')
    return {
      files: this.#files,
      first: this.#first,
      size,
      epochs: this.#chain.epochs.length,
      signedSize: this.#signedSize,
      problems: this.#problems,
    }
  }
}
