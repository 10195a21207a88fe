// For tests: a log of 2^n records with any history, as a server that has its key could show it.
import { generateKeyPairSync } from 'node:crypto'
import { formatCheckpoint } from './checkpoint.ts'
import { CompactTree } from './compact-tree.ts'
import { leafHash } from './hashes.ts'
import { ed25519Type, formatKey, formatNote, type NoteKey, signNote } from './note.ts'
import { formatSubmission } from './witness-submission.ts'

export class WitnessedLog {
  readonly #keys: ReturnType<typeof generateKeyPairSync>
  readonly key: NoteKey
  readonly #history: string

  /** `like` shares its key. */
  constructor(log: { readonly origin?: string; readonly like?: WitnessedLog; readonly history?: string } = {}) {
    const { origin = 'bulkhead.dev/audit/test', like, history = '' } = log
    this.#keys = like === undefined ? generateKeyPairSync('ed25519') : like.#keys
    this.key = { name: origin, type: ed25519Type, publicKey: this.#keys.publicKey }
    this.#history = history
  }

  #root(from: number, to: number): Buffer {
    const tree = new CompactTree()
    for (let at = from; at < to; at++) tree.append(leafHash(Buffer.from(`${this.#history} ${at}`)))
    return tree.root()
  }

  /** A signed checkpoint. */
  note(size: number): string {
    const text = formatCheckpoint({ origin: this.key.name, size, root: this.#root(0, size) })
    return formatNote({ text, signatures: [signNote(text, this.key.name, this.#keys.privateKey)] })
  }

  /** Of consistency. `size` is `oldSize`, twice that, or anything if `oldSize` is 0. */
  proof(oldSize: number, size: number): Buffer[] {
    return oldSize === 0 || oldSize === size ? [] : [this.#root(oldSize, size)]
  }

  call(oldSize: number, size: number): { readonly logKey: string; readonly submission: string } {
    const submission = formatSubmission({ oldSize, proof: this.proof(oldSize, size), checkpoint: this.note(size) })
    return { logKey: formatKey(this.key), submission }
  }
}
