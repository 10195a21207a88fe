// Collects what cataloguers find, file by file, into one list of packages.
import { UserError } from '../../base/user-error.ts'
import type { FileFacts, ImageFile, SkippedFile, Wanted, Wish } from '../oci/layers/image-files.ts'
import type { CataloguedFile, Cataloguer } from './cataloguer.ts'
import { maxOsReleaseBytes, osReleasePaths, parseOsRelease } from './os-release.ts'
import { formatPackageUrl } from './package-url.ts'
import type { Distribution, PackageType, SoftwarePackage } from './software-package.ts'

/** More than any image has; a machine with all of Debian has 65,000. */
export const maxPackages = 250_000
export const maxNameLength = 512
export const maxLocations = 50

export interface Catalogue {
  readonly distribution?: Distribution
  /** Sorted by type, name and version. */
  readonly packages: readonly SoftwarePackage[]
  /** Files that belong to a cataloguer and were not read, sorted by path. */
  readonly skipped: readonly SkippedFile[]
}

const systemTypes: ReadonlySet<PackageType> = new Set(['apk', 'deb', 'rpm'])

export class CatalogueBuilder implements Wanted {
  readonly #cataloguers: readonly Cataloguer[]
  /** By path, then by cataloguer. */
  readonly #found = new Map<string, Map<string, CataloguedFile>>()
  readonly #releases = new Map<string, string>()
  readonly #skipped: SkippedFile[] = []
  #count = 0

  constructor(cataloguers: readonly Cataloguer[]) {
    this.#cataloguers = cataloguers
  }

  get fixedPaths(): readonly string[] {
    return [...osReleasePaths, ...this.#cataloguers.flatMap(({ fixedPaths = [] }) => fixedPaths)]
  }

  // Methods as properties, since readers take them out of the object.
  readonly wish = (path: string, facts: FileFacts): Wish | undefined => {
    if (isOsRelease(path)) return { maxBytes: maxOsReleaseBytes }
    return joined(this.#of(path, facts).map(({ wish }) => wish))
  }

  readonly onFile = async ({ path, content, mode }: ImageFile): Promise<void> => {
    if (isOsRelease(path)) {
      this.#releases.set(path, content.toString('utf8'))
      return
    }
    for (const { cataloguer, wish } of this.#of(path, { size: content.length, mode })) {
      if (content.length > wish.maxBytes || !begins(content, wish)) continue
      await this.#read(cataloguer, path, content)
    }
  }

  finish(skipped: readonly SkippedFile[]): Catalogue {
    const distribution = osReleasePaths.map(path => parseOsRelease(this.#releases.get(path) ?? '')).find(each => each !== undefined)
    const owned = this.#ownedFiles()
    const merged = new Map<string, SoftwarePackage>()
    const dropped: SkippedFile[] = []
    for (const [path, files] of this.#found) {
      for (const each of [...files.values()].flatMap(({ packages }) => packages)) {
        const isSystem = systemTypes.has(each.type)
        if (!isSystem && owned.has(path)) continue
        if (!isNameable(each)) dropped.push({ path, reason: 'it has a package whose name or version is empty, too long or not printable' })
        else add(merged, isSystem && distribution !== undefined ? { ...each, distribution } : each)
      }
    }
    return {
      ...(distribution === undefined ? {} : { distribution }),
      packages: [...merged.entries()].sort(byKey).map(([, each]) => each),
      skipped: [...skipped, ...this.#skipped, ...dropped].sort((a, b) => compare(a.path, b.path)),
    }
  }

  async #read(cataloguer: Cataloguer, path: string, content: Buffer): Promise<void> {
    try {
      const found = await cataloguer.read(path, content)
      this.#count += found.packages.length
      if (this.#count > maxPackages) throw new UserError(`More than ${maxPackages} packages were found`)
      const files = this.#found.get(path)
      // Most programs have no package.
      if (files === undefined && found.packages.length === 0 && found.ownedFiles === undefined) return
      // Of a path that comes twice, the last counts.
      this.#found.set(path, (files ?? new Map<string, CataloguedFile>()).set(cataloguer.name, found))
    } catch (err) {
      if (!(err instanceof UserError) || this.#count > maxPackages) throw err
      // The rest of the image counts all the same; the report says what is missing.
      this.#skipped.push({ path, reason: err.message })
    }
  }

  /** A program may be of two languages: a file can belong to several. */
  #of(path: string, facts: FileFacts): { readonly cataloguer: Cataloguer; readonly wish: Wish }[] {
    const found: { readonly cataloguer: Cataloguer; readonly wish: Wish }[] = []
    for (const cataloguer of this.#cataloguers) {
      const wish = cataloguer.wish(path, facts)
      if (wish !== undefined) found.push({ cataloguer, wish })
    }
    return found
  }

  /** Of the files with packages, those that packages of the operating system brought. */
  #ownedFiles(): ReadonlySet<string> {
    const owned = new Set<string>()
    for (const { ownedFiles } of [...this.#found.values()].flatMap(files => [...files.values()])) {
      if (ownedFiles === undefined) continue
      for (const path of ownedFiles()) {
        if (this.#found.has(path)) owned.add(path)
        // Where /bin, /lib and /sbin are links into /usr, lists still name the links.
        else if (this.#found.has(`usr/${path}`)) owned.add(`usr/${path}`)
      }
    }
    return owned
  }
}

/** One wish for all who want a file. */
function joined(wishes: readonly Wish[]): Wish | undefined {
  const [first, ...others] = wishes
  if (first === undefined || others.length === 0) return first
  const beginnings = wishes.map(({ beginsWith }) => beginsWith)
  const all = beginnings.flatMap(each => each ?? [])
  return { maxBytes: Math.max(...wishes.map(({ maxBytes }) => maxBytes)), ...(beginnings.includes(undefined) ? {} : { beginsWith: all }) }
}

const begins = (content: Buffer, { beginsWith }: Wish): boolean =>
  beginsWith === undefined || beginsWith.some(beginning => content.subarray(0, beginning.length).equals(beginning))

const isOsRelease = (path: string): boolean => path === osReleasePaths[0] || path === osReleasePaths[1]

function isNameable({ name, version, namespace = '', source, architecture = '' }: SoftwarePackage): boolean {
  if (name === '') return false
  return [name, version, namespace, architecture, source?.name ?? '', source?.version ?? ''].every(
    text => text.length <= maxNameLength && !/[\p{Cc}\p{Cs}]/u.test(text),
  )
}

/** One package that several files prove is one package with their locations. */
function add(merged: Map<string, SoftwarePackage>, found: SoftwarePackage): void {
  const key = formatPackageUrl(found)
  const before = merged.get(key)
  if (before === undefined) merged.set(key, { ...found, locations: found.locations.slice(0, maxLocations) })
  else if (before.locations.length < maxLocations)
    merged.set(key, { ...before, locations: [...new Set([...before.locations, ...found.locations])].sort().slice(0, maxLocations) })
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => compare(a, b)
