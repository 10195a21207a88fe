// The packages of many images in little memory: each package that advisories can tell apart is stored once, and an image is a list of numbers.
import { matchesQuery, type PackageQuery } from '../packages/package-index.ts'
import type { SoftwarePackage } from '../packages/software-package.ts'
import { advisoryNames, ecosystemOf } from './ecosystems.ts'

export interface KnownPackage {
  readonly id: number
  /** Without architecture, licenses and locations, which differ between images. */
  readonly package: SoftwarePackage
  /** Images that have it. */
  readonly uses: number
}

type Entry = { -readonly [Field in keyof KnownPackage]: KnownPackage[Field] }

/** Of texts that are looked up to be shared. */
const maxSharedTexts = 50_000

const nowhere: readonly string[] = []
const none = new Uint32Array()

export class PackageTable {
  readonly #byKey = new Map<string, Entry>()
  readonly #byId = new Map<number, Entry>()
  readonly #images = new Map<string, Uint32Array>()
  /** Names and versions, each once: many packages share them. */
  readonly #texts = new Map<string, string>()
  #next = 1

  /** Ids of the image's packages, sorted; empty for an unknown image. */
  packagesOf(image: string): Uint32Array {
    return this.#images.get(image) ?? none
  }

  package(id: number): KnownPackage | undefined {
    return this.#byId.get(id)
  }

  /** Replaces what is known of the image. Returns the ids of packages that no image had. */
  set(image: string, packages: readonly SoftwarePackage[]): number[] {
    const before = this.packagesOf(image)
    const fresh: number[] = []
    const ids = new Set<number>()
    for (const one of packages) {
      const entry = this.#entry(one)
      if (ids.has(entry.id)) continue
      ids.add(entry.id)
      if (entry.uses === 0) fresh.push(entry.id)
      entry.uses++
    }
    this.#images.set(image, Uint32Array.from(ids).sort())
    this.#release(before)
    return fresh
  }

  /** Returns the ids of packages that no image has any more. */
  delete(image: string): number[] {
    const before = this.packagesOf(image)
    this.#images.delete(image)
    return this.#release(before)
  }

  /** Packages that the query names, by the images that have them. */
  find(query: PackageQuery): ReadonlyMap<string, readonly KnownPackage[]> {
    const wanted = new Set<number>()
    for (const entry of this.#byId.values()) if (matchesQuery(entry.package, query)) wanted.add(entry.id)
    return this.imagesWith(wanted)
  }

  /** The images that have one of these packages, with those that they have. */
  imagesWith(wanted: ReadonlySet<number>): ReadonlyMap<string, readonly KnownPackage[]> {
    const found = new Map<string, readonly KnownPackage[]>()
    if (wanted.size === 0) return found
    for (const [image, ids] of this.#images) {
      const own: KnownPackage[] = []
      for (const id of ids) {
        const entry = wanted.has(id) ? this.#byId.get(id) : undefined
        if (entry !== undefined) own.push(entry)
      }
      if (own.length > 0) found.set(image, own)
    }
    return found
  }

  /** One ecosystem after the other, by name, so that each advisory is read once. Packages that no source can know are left out. */
  *matchable(): Iterable<KnownPackage> {
    const ecosystems = new Map<string, Entry[]>()
    for (const entry of this.#byId.values()) {
      const ecosystem = ecosystemOf(entry.package)
      if (ecosystem === undefined) continue
      const group = ecosystems.get(ecosystem)
      if (group === undefined) ecosystems.set(ecosystem, [entry])
      else group.push(entry)
    }
    for (const group of ecosystems.values()) {
      const name = ({ package: { source, name } }: Entry): string => source?.name ?? name
      yield* group.sort((a, b) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0))
    }
  }

  #entry(one: SoftwarePackage): Entry {
    const key = keyOf(one)
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    const { type, namespace, name, version, source, distribution } = one
    const plain: SoftwarePackage = {
      ...{ type, name: this.#shared(name), version: this.#shared(version), locations: nowhere },
      ...(namespace === undefined ? {} : { namespace }),
      ...(source === undefined ? {} : { source }),
      ...(distribution === undefined ? {} : { distribution }),
    }
    const entry: Entry = { id: this.#next++, package: plain, uses: 0 }
    this.#byKey.set(key, entry)
    this.#byId.set(entry.id, entry)
    return entry
  }

  #shared(text: string): string {
    const known = this.#texts.get(text)
    if (known !== undefined) return known
    // What is not shared takes more memory, and is as right.
    if (this.#texts.size >= maxSharedTexts) this.#texts.clear()
    this.#texts.set(text, text)
    return text
  }

  #release(ids: Uint32Array): number[] {
    const gone: number[] = []
    for (const id of ids) {
      const entry = this.#byId.get(id)
      if (entry === undefined || --entry.uses > 0) continue
      this.#byId.delete(id)
      this.#byKey.delete(keyOf(entry.package))
      gone.push(id)
    }
    return gone
  }
}

/** What advisories can tell apart. */
function keyOf(one: SoftwarePackage): string {
  const { type, namespace = '', name, version, distribution } = one
  const names = advisoryNames(one)
    .filter(each => each.name !== name || each.version !== version)
    .flatMap(each => [each.name, each.version])
  // One flat text: V8 would keep the pieces of a joined one.
  return Buffer.from([type, distribution?.id ?? '', distribution?.version ?? '', namespace, name, version, ...names].join('\n')).toString()
}
