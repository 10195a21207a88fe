// Compares what was restored with the digests that the API server recorded when the backup was made.
import { hash } from 'node:crypto'

export interface ObjectDigest {
  readonly revision: number
  /** SHA-256 in hexadecimal of the JSON with which the API server answers. */
  readonly sha256: string
}

export interface Comparison {
  readonly compared: number
  /** `secrets default/a`, each at most once. */
  readonly missing: readonly string[]
  readonly changed: readonly string[]
  readonly added: readonly string[]
}

/** Pure. */
export function compareObjects(recorded: ReadonlyMap<string, ObjectDigest>, restored: ReadonlyMap<string, ObjectDigest>): Comparison {
  const missing: string[] = []
  const changed: string[] = []
  for (const [place, { revision, sha256 }] of recorded) {
    const found = restored.get(place)
    if (found === undefined) missing.push(place)
    else if (found.sha256 !== sha256 || found.revision !== revision) changed.push(place)
  }
  const added = [...restored.keys()].filter(place => !recorded.has(place))
  return { compared: recorded.size, missing, changed, added }
}

/** Reads the digests in lines of a backup without the code that restores it: the last line of a place counts, unless it is of a later revision. */
export class RecordedDigests {
  readonly #digests = new Map<string, ObjectDigest>()
  readonly #until: number

  constructor(until: number) {
    this.#until = until
  }

  get all(): ReadonlyMap<string, ObjectDigest> {
    return this.#digests
  }

  /** `lines` come in the order of the plan. */
  add(lines: Buffer): void {
    for (const line of lines.toString('latin1').split('\n')) {
      if (line === '') continue
      const { place, revision, sha256 } = headOf(line)
      const known = this.#digests.get(place)
      if (revision > this.#until || (known !== undefined && known.revision > revision)) continue
      if (sha256 === undefined) this.#digests.delete(place)
      else this.#digests.set(place, { revision, sha256 })
    }
  }
}

const headForm =
  /^\{"resource":"([^"\\]{1,253})","namespace":"([^"\\]{0,63})","name":"([^"\\]{1,253})","revision":(\d{1,16}),(?:"sha256":"([0-9a-f]{64})"|"deleted":true)/

function headOf(line: string): { readonly place: string; readonly revision: number; readonly sha256: string | undefined } {
  const [head, resource = '', namespace = '', name = '', revision = '', sha256] = headForm.exec(line) ?? []
  if (head === undefined) throw new Error('A line of the backup has no digest')
  return { place: `${resource} ${namespace}/${name}`, revision: Number(revision), sha256 }
}

export const digestOf = (bytes: Buffer): string => hash('sha256', bytes, 'hex')
