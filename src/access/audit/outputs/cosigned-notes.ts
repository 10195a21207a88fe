// The cosignatures of checkpoints, of which one file has place: that of the checkpoint which most of the witnesses that answer have cosigned, and of
// several the newest. A slow witness may thus delay what is kept, but is not left out of it.
import type { NoteSignature } from '../../../base/tlog/note.ts'

export interface CosignedNote {
  readonly note: string
  readonly size: number
  readonly signatures: readonly NoteSignature[]
}

interface Collected {
  readonly size: number
  readonly by: Map<string, readonly NoteSignature[]>
}

export class CosignedNotes {
  readonly #notes = new Map<string, Collected>()
  /** The note that each witness is being shown. */
  readonly #shown = new Map<string, string>()
  readonly #answering = new Set<string>()

  begin(witness: string, note: string): void {
    this.#shown.set(witness, note)
  }

  /** The witness has cosigned the note. */
  add(witness: string, note: string, size: number, signatures: readonly NoteSignature[]): void {
    this.#shown.delete(witness)
    this.#answering.add(witness)
    const collected = this.#notes.get(note) ?? { size, by: new Map() }
    collected.by.set(witness, signatures)
    this.#notes.set(note, collected)
    this.#drop()
  }

  /** What the witness cosigned earlier does not count any more. */
  fail(witness: string): void {
    this.#shown.delete(witness)
    this.#answering.delete(witness)
    this.#drop()
  }

  /** Undefined if no witness that answers has cosigned one. */
  get best(): CosignedNote | undefined {
    const best = this.#best()
    if (best === undefined) return undefined
    const [note, { size, by }] = best
    return { note, size, signatures: [...by.values()].flat() }
  }

  /** How many are in memory: no more than twice the witnesses, and one. */
  get count(): number {
    return this.#notes.size
  }

  #best(): readonly [string, Collected] | undefined {
    let best: readonly [string, Collected] | undefined
    let most = 0
    for (const entry of this.#notes) {
      const [, { size, by }] = entry
      const count = [...by.keys()].filter(witness => this.#answering.has(witness)).length
      if (count > most || (count === most && count > 0 && size > (best?.[1].size ?? 0))) [best, most] = [entry, count]
    }
    return best
  }

  /** Only the best, the newest of each witness, and those for which a cosignature may still come are of use. */
  #drop(): void {
    const kept = new Set([...this.#shown.values(), this.#best()?.[0] ?? ''])
    for (const witness of this.#answering) {
      const own = [...this.#notes].filter(([, { by }]) => by.has(witness)).toSorted(([, a], [, b]) => b.size - a.size)
      kept.add(own[0]?.[0] ?? '')
    }
    for (const note of this.#notes.keys()) if (!kept.has(note)) this.#notes.delete(note)
  }
}
