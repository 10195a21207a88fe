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
import { Contradiction } from './contradiction.ts'
import { CosignedNotes } from './cosigned-notes.ts'
import { httpsPost } from './https-post.ts'
import { type NodeWitness, showToNode } from './show-to-node.ts'

/** Beside the checkpoint: one that witnesses cosigned. */
export const witnessedPath = (directory: string): string => join(directory, tlogFolder, 'witnessed')

export interface WitnessesOptions {
  readonly directory: string
  readonly witnesses: readonly WitnessSettings[]
  /** The nodes that are witnesses now. Default: none. */
  nodes?(): readonly NodeWitness[]
  readonly logKey: NoteKey
  readonly alarms: AuditAlarms
}

/** Resolves with the cosignatures; undefined if the witness is away, and that is no fault. */
type Ask = (note: string) => Promise<readonly NoteSignature[] | undefined>

/** One witness, which is shown one checkpoint at a time. */
interface Follower {
  /** Of the alarm that it knows of a log which this one does not continue. */
  readonly name: string
  /** Of the alarm for all else. */
  readonly fault: string
  ask: Ask
  readonly work: CoalescedWork
  isGone: boolean
}

export class Witnesses implements AsyncDisposable {
  readonly #options: WitnessesOptions
  readonly #tiles: TileFiles
  readonly #closing = new AbortController()
  /** What each witness has cosigned, as far as is known. */
  readonly #sizes = new Map<string, number>()
  #newest: string | undefined
  readonly #configured: readonly Follower[]
  readonly #nodes = new Map<string, Follower>()
  readonly #cosigned = new CosignedNotes()
  readonly #kept = new CoalescedWork(() => this.#keep())
  #keptText: string | undefined

  constructor(options: WitnessesOptions) {
    this.#options = options
    this.#tiles = new TileFiles(options.directory)
    this.#configured = options.witnesses.map(witness =>
      this.#follower(`witness ${witness.name}`, 'away', note =>
        'file' in witness ? this.#extendFile(witness.file, note) : this.#submit(witness, note),
      ),
    )
  }

  /** Only the newest checkpoint is shown to a witness, if they come faster than it answers. */
  show(checkpoint: string): void {
    if (this.#closing.signal.aborted) return
    this.#newest = checkpoint
    this.#followNodes()
    for (const { work } of this.#followers()) work.request()
  }

  /** Resolves when every witness has answered, or failed to. */
  async idle(): Promise<void> {
    await Promise.all(this.#followers().map(({ work }) => work.idle()))
    await this.#kept.idle()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error('the audit log is closing'))
    await this.idle()
  }

  #followers(): readonly Follower[] {
    return [...this.#configured, ...this.#nodes.values()]
  }

  #follower(name: string, fault: string, ask: Ask): Follower {
    const follower: Follower = {
      name,
      fault: `${name} ${fault}`,
      ask,
      work: new CoalescedWork(() => this.#showNewest(follower)),
      isGone: false,
    }
    return follower
  }

  /** A node that left is shown nothing more, and only what it has proved stays an alarm. */
  #followNodes(): void {
    const nodes = new Map((this.#options.nodes?.() ?? []).map(node => [`witness node ${node.name}`, node]))
    for (const [name, follower] of this.#nodes) {
      if (nodes.has(name)) continue
      this.#nodes.delete(name)
      follower.isGone = true
      this.#sizes.delete(name)
      this.#options.alarms.clear(follower.fault)
      this.#forget(name)
    }
    for (const [name, node] of nodes) {
      const ask: Ask = note => this.#showNode(name, node, note)
      const known = this.#nodes.get(name)
      if (known === undefined) this.#nodes.set(name, this.#follower(name, 'fault', ask))
      else known.ask = ask
    }
  }

  async #showNewest(follower: Follower): Promise<void> {
    const { name, fault } = follower
    const { alarms } = this.#options
    const note = this.#newest
    if (note === undefined || follower.isGone || this.#closing.signal.aborted) return
    this.#cosigned.begin(name, note)
    try {
      const signatures = await follower.ask(note)
      if (follower.isGone) return
      alarms.clear(fault)
      if (signatures === undefined || signatures.length === 0) return this.#forget(name)
      this.#cosigned.add(name, note, parseCheckpoint(parseNote(note).text).size, signatures)
      this.#kept.request()
    } catch (err) {
      this.#forget(name)
      if (this.#closing.signal.aborted) return
      // What a witness has shown of another log stays true, also after a node has left.
      if (err instanceof Contradiction) alarms.raise(name, messageOf(err))
      else if (!follower.isGone) alarms.raise(fault, messageOf(err))
    }
  }

  #forget(witness: string): void {
    this.#cosigned.fail(witness)
    this.#kept.request()
  }

  async #keep(): Promise<void> {
    const { alarms, directory } = this.#options
    const best = this.#cosigned.best
    if (best === undefined) return
    const parsed = parseNote(best.note)
    const text = formatNote({ ...parsed, signatures: [...parsed.signatures, ...best.signatures] })
    if (text === this.#keptText) return
    try {
      await replaceFile(witnessedPath(directory), text)
      this.#keptText = text
      alarms.clear('cosignatures')
    } catch (err) {
      alarms.raise('cosignatures', `the signatures of witnesses cannot be kept: ${messageOf(err)}`)
    }
  }

  async #proof(old: number, size: number): Promise<Buffer[]> {
    return rangeHashes(consistencyRanges(old, size), size, async tile => {
      const bytes = await this.#tiles.read(tile)
      if (bytes === undefined) throw new Error(`The tile "${this.#tiles.pathOf(tile)}" is missing`)
      return bytes
    })
  }

  async #showNode(name: string, node: NodeWitness, note: string): Promise<readonly NoteSignature[] | undefined> {
    const log = { logKey: this.#options.logKey, proof: (old: number, size: number) => this.#proof(old, size) }
    const shown = await showToNode(node, log, { note, oldSize: this.#sizes.get(name) ?? 0 }, this.#closing.signal)
    if (shown === undefined) return undefined
    this.#sizes.set(name, shown.size)
    return shown.signatures
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
