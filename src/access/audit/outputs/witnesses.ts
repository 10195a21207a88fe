// Shows each checkpoint to witnesses, beside the path of requests. A witness that saw more, or another tree, is an alarm: the log was rolled
// back, or it is a fork.
import { join } from 'node:path'
import { CoalescedWork } from '../../../base/async/coalesced-work.ts'
import { readTextIfThere } from '../../../base/files/read-text.ts'
import { replaceFile } from '../../../base/files/replace-file.ts'
import { type Checkpoint, parseCheckpoint } from '../../../base/tlog/checkpoint.ts'
import { cosignedAt } from '../../../base/tlog/cosignature.ts'
import { formatNote, isSignedBy, type NoteKey, type NoteSignature, parseKey, parseNote, parseSignatures } from '../../../base/tlog/note.ts'
import { rangeHashes } from '../../../base/tlog/tiles.ts'
import { consistencyRanges } from '../../../base/tlog/tree-nodes.ts'
import { isConsistent } from '../../../base/tlog/verify-proof.ts'
import { formatSubmission } from '../../../base/tlog/witness-submission.ts'
import { messageOf } from '../../../base/user-error.ts'
import type { AuditAlarms } from '../audit-alarms.ts'
import { TileFiles, tlogFolder } from '../tile-files.ts'
import type { WitnessSettings } from './audit-outputs-settings.ts'
import { httpsPost } from './https-post.ts'

/** Beside the checkpoint: the newest one that witnesses cosigned. */
export const witnessedPath = (directory: string): string => join(directory, tlogFolder, 'witnessed')

export interface WitnessesOptions {
  readonly directory: string
  readonly witnesses: readonly WitnessSettings[]
  readonly logKey: NoteKey
  readonly alarms: AuditAlarms
}

/** The witness knows of a log that this one does not continue. */
class Contradiction extends Error {}

export class Witnesses implements AsyncDisposable {
  readonly #options: WitnessesOptions
  readonly #tiles: TileFiles
  readonly #closing = new AbortController()
  /** What each HTTPS witness has cosigned, as far as is known. */
  readonly #sizes = new Map<string, number>()
  #newest: string | undefined
  readonly #work = new CoalescedWork(() => this.#showNewest())

  constructor(options: WitnessesOptions) {
    this.#options = options
    this.#tiles = new TileFiles(options.directory)
  }

  /** Only the newest checkpoint is shown, if they come faster than witnesses answer. */
  show(checkpoint: string): void {
    this.#newest = checkpoint
    this.#work.request()
  }

  /** Resolves when every witness has answered, or failed to. */
  async idle(): Promise<void> {
    await this.#work.idle()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error('the audit log is closing'))
    await this.#work.idle()
  }

  async #showNewest(): Promise<void> {
    const note = this.#newest
    if (note === undefined || this.#closing.signal.aborted) return
    this.#newest = undefined
    const cosignatures = (await Promise.all(this.#options.witnesses.map(witness => this.#ask(witness, note)))).flat()
    if (cosignatures.length > 0) await this.#keep(note, cosignatures)
  }

  async #keep(note: string, cosignatures: readonly NoteSignature[]): Promise<void> {
    const { alarms, directory } = this.#options
    const parsed = parseNote(note)
    try {
      await replaceFile(witnessedPath(directory), formatNote({ ...parsed, signatures: [...parsed.signatures, ...cosignatures] }))
      alarms.clear('cosignatures')
    } catch (err) {
      alarms.raise('cosignatures', `the signatures of witnesses cannot be kept: ${messageOf(err)}`)
    }
  }

  async #ask(witness: WitnessSettings, note: string): Promise<readonly NoteSignature[]> {
    const { alarms } = this.#options
    const [gone, contradicts] = [`witness ${witness.name} away`, `witness ${witness.name}`]
    try {
      const cosignatures = 'file' in witness ? await this.#extendFile(witness.file, note) : await this.#submit(witness, note)
      alarms.clear(gone)
      return cosignatures
    } catch (err) {
      if (this.#closing.signal.aborted) return []
      // What a witness said of another log stays true.
      alarms.raise(err instanceof Contradiction ? contradicts : gone, messageOf(err))
      return []
    }
  }

  async #proof(old: number, size: number): Promise<Buffer[]> {
    return rangeHashes(consistencyRanges(old, size), size, async tile => {
      const bytes = await this.#tiles.read(tile)
      if (bytes === undefined) throw new Error(`The tile "${this.#tiles.pathOf(tile)}" is missing`)
      return bytes
    })
  }

  /** The file is replaced only by a checkpoint that continues it. */
  async #extendFile(file: string, note: string): Promise<readonly NoteSignature[]> {
    const { size, root } = parseCheckpoint(parseNote(note).text)
    const text = await readTextIfThere(file)
    if (text !== undefined) {
      const known = this.#knownIn(text, file)
      if (known.size > size) throw new Contradiction(`"${file}" saw ${known.size} records, and the log has ${size}: it was rolled back`)
      const hashes = await this.#proof(known.size, size)
      if (!isConsistent({ oldSize: known.size, oldRoot: known.root, size, root, hashes }))
        throw new Contradiction(`"${file}" saw other records among the first ${known.size}: this log is a fork`)
      if (known.size === size) return []
    }
    await replaceFile(file, note, 0o644)
    return []
  }

  #knownIn(text: string, file: string): Checkpoint {
    const note = parseNote(text)
    if (isSignedBy(note, this.#options.logKey) !== true)
      throw new Contradiction(`"${file}" has a checkpoint that the key of this log did not sign`)
    return parseCheckpoint(note.text)
  }

  async #submit(witness: Extract<WitnessSettings, { readonly key: string }>, note: string): Promise<readonly NoteSignature[]> {
    const { name, endpoint, key } = witness
    const parsed = parseNote(note)
    const { size } = parseCheckpoint(parsed.text)
    for (let tries = 0; tries < 2; tries++) {
      const oldSize = this.#sizes.get(name) ?? 0
      if (oldSize > size) throw new Contradiction(`the witness saw ${oldSize} records, and the log has ${size}: it was rolled back`)
      const body = formatSubmission({ oldSize, proof: await this.#proof(oldSize, size), checkpoint: note })
      const answer = await httpsPost(endpoint, '/add-checkpoint', 'text/plain', body, this.#closing.signal)
      const known = answer.status === 409 && /^[0-9]{1,16}\n$/.test(answer.body) ? Number(answer.body) : undefined
      if (known !== undefined && known !== oldSize) {
        this.#sizes.set(name, known)
        continue
      }
      if (answer.status === 409 || answer.status === 422)
        throw new Contradiction(`the witness saw other records among the first ${oldSize}: this log is a fork`)
      if (answer.status !== 200) throw new Error(`the witness answered ${answer.status}: ${answer.body.slice(0, 200).trim()}`)
      const cosignatures = parseSignatures(answer.body)
      if (cosignedAt({ text: parsed.text, signatures: cosignatures }, parseKey(key)) === undefined)
        throw new Error('the answer of the witness is not signed by its key')
      this.#sizes.set(name, size)
      return cosignatures.filter(signature => signature.name === parseKey(key).name)
    }
    throw new Error('the witness changes what it saw: does another log use it under this name?')
  }
}
