// What signers attested of images, by image and by the name under which it was found: who runs the same image under another name takes nothing away.
import type { Digest } from '../../supply-chain/oci/digest.ts'

/** `bytes`: of the entries of all images together, as `sizeOf` counts them. */
export const attestedLimits = { images: 2000, names: 50, bytes: 64 * 1024 * 1024 }

export class AttestedByName<T> {
  readonly #keyOf: (entry: T) => string
  readonly #sizeOf: (entry: T) => number
  #bytes = 0
  /** Those that came first go first. */
  readonly #images = new Map<Digest, Map<string, readonly T[]>>()

  /** Entries with the same key are the same. */
  constructor(keyOf: (entry: T) => string, sizeOf: (entry: T) => number) {
    this.#keyOf = keyOf
    this.#sizeOf = sizeOf
  }

  /** All entries of the image, each once, and whether they are others than before. `name` is that of a repository in a namespace. */
  set(image: Digest, name: string, entries: readonly T[]): { readonly entries: readonly T[]; readonly changed: boolean } {
    const known = this.#images.get(image) ?? new Map<string, readonly T[]>()
    const before = this.#all(known)
    this.#bytes -= this.#sizeIn(known)
    if (entries.length === 0) known.delete(name)
    else if (known.has(name) || known.size < attestedLimits.names) known.set(name, entries)
    this.#bytes += this.#sizeIn(known)
    if (known.size === 0) this.#images.delete(image)
    else this.#images.set(image, known)
    for (const [oldest, its] of this.#images) {
      if (this.#images.size <= attestedLimits.images && this.#bytes <= attestedLimits.bytes) break
      this.#images.delete(oldest)
      this.#bytes -= this.#sizeIn(its)
    }
    const after = this.#all(known)
    const isSame = before.size === after.size && [...after.keys()].every(key => before.has(key))
    return { entries: [...after].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry), changed: !isSame }
  }

  #sizeIn(known: ReadonlyMap<string, readonly T[]>): number {
    let bytes = 0
    for (const entries of known.values()) for (const entry of entries) bytes += this.#sizeOf(entry)
    return bytes
  }

  #all(known: ReadonlyMap<string, readonly T[]>): ReadonlyMap<string, T> {
    return new Map([...known.values()].flat().map(entry => [this.#keyOf(entry), entry]))
  }
}
