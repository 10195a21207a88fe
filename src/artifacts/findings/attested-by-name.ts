// What signers attested of images, by image and by the name under which it was found: who runs the same image under another name takes nothing away, and
// who keeps an old version of a document there holds back no newer one.
import { type DocumentVersion, isOlder } from '../../supply-chain/advisories/vex/document-version.ts'
import type { Digest } from '../../supply-chain/oci/digest.ts'

/** `names` and `documents` are of one image, `bytes` of the entries of all images together, as `sizeOf` counts them. */
export const attestedLimits = { images: 2000, names: 200, documents: 1000, bytes: 64 * 1024 * 1024 }

export interface EntryKind<T> {
  /** Entries with the same key are the same. */
  keyOf(entry: T): string
  sizeOf(entry: T): number
  /** Of several versions of a document the newest counts alone. Default: each entry is a document. */
  versionOf?(entry: T): DocumentVersion | undefined
  /** The newest versions of the documents of an image have changed. */
  onVersions?(image: Digest, newest: readonly DocumentVersion[]): void
}

export interface AttestedName {
  readonly namespace: string
  readonly repository: string
}

interface KnownEntry<T> {
  readonly entry: T
  readonly version: DocumentVersion | undefined
}

interface KnownImage<T> {
  /** By namespace and repository; those that were set last are the last. */
  readonly names: Map<string, { readonly namespace: string; readonly entries: ReadonlyMap<string, KnownEntry<T>> }>
  /** The newest version that was seen of each document, also after it is gone: an older one does not count again. */
  readonly newest: Map<string, DocumentVersion>
}

export class AttestedByName<T> {
  readonly #kind: EntryKind<T>
  #bytes = 0
  /** Those that were set last are the last. */
  readonly #images = new Map<Digest, KnownImage<T>>()

  constructor(kind: EntryKind<T>) {
    this.#kind = kind
  }

  /** Versions that an earlier process has seen. */
  restore(image: Digest, newest: readonly DocumentVersion[]): void {
    this.#images.set(image, { names: new Map(), newest: new Map(newest.map(version => [version.id, version])) })
    this.#forgetOldest()
  }

  /** All entries of the image that count, each once, and whether they are others than before. */
  set(
    image: Digest,
    { namespace, repository }: AttestedName,
    entries: readonly T[],
  ): { readonly entries: readonly T[]; readonly changed: boolean } {
    const known: KnownImage<T> = this.#images.get(image) ?? { names: new Map(), newest: new Map() }
    const before = counting(known)
    this.#bytes -= this.#sizeOf(known)
    const name = `${namespace}\n${repository}`
    known.names.delete(name)
    if (entries.length > 0) known.names.set(name, { namespace, entries: this.#read(image, entries, known) })
    makeRoom(known)
    this.#bytes += this.#sizeOf(known)
    this.#images.delete(image)
    if (known.names.size > 0 || known.newest.size > 0) this.#images.set(image, known)
    this.#forgetOldest()
    const after = counting(known)
    const isSame = before.size === after.size && [...after.keys()].every(key => before.has(key))
    return { entries: [...after].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry), changed: !isSame }
  }

  #read(image: Digest, entries: readonly T[], { newest }: KnownImage<T>): ReadonlyMap<string, KnownEntry<T>> {
    let isNew = false
    const read = new Map<string, KnownEntry<T>>()
    for (const entry of entries) {
      const version = this.#kind.versionOf?.(entry)
      const last = version && newest.get(version.id)
      if (version !== undefined && (last === undefined || isOlder(last, version))) {
        newest.set(version.id, version)
        isNew = true
      }
      read.set(this.#kind.keyOf(entry), { entry, version })
    }
    if (isNew) this.#kind.onVersions?.(image, [...newest.values()])
    return read
  }

  #forgetOldest(): void {
    for (const [oldest, known] of this.#images) {
      if (this.#images.size <= attestedLimits.images && this.#bytes <= attestedLimits.bytes) return
      this.#images.delete(oldest)
      this.#bytes -= this.#sizeOf(known)
    }
  }

  /** Names of an image that have the same document share it. */
  #sizeOf({ names }: KnownImage<T>): number {
    const all = new Map([...names.values()].flatMap(({ entries }) => [...entries]))
    return [...all.values()].reduce((sum, { entry }) => sum + this.#kind.sizeOf(entry), 0)
  }
}

/** A namespace with many names makes room for those of others. */
function makeRoom<T>({ names, newest }: KnownImage<T>): void {
  while (names.size > attestedLimits.names) {
    const counts = new Map<string, number>()
    for (const { namespace } of names.values()) counts.set(namespace, (counts.get(namespace) ?? 0) + 1)
    const most = Math.max(...counts.values())
    const [first] = [...names].find(([, { namespace }]) => counts.get(namespace) === most) ?? []
    if (first === undefined) return
    names.delete(first)
  }
  for (const id of newest.keys()) {
    if (newest.size <= attestedLimits.documents) return
    newest.delete(id)
  }
}

function counting<T>({ names, newest }: KnownImage<T>): ReadonlyMap<string, T> {
  const all = new Map<string, T>()
  for (const { entries } of names.values())
    for (const [key, { entry, version }] of entries) {
      const last = version && newest.get(version.id)
      if (version === undefined || last === undefined || !isOlder(version, last)) all.set(key, entry)
    }
  return all
}
