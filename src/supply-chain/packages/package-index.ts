// Which images have a package: from the package lists of many images, answered without reading them again.
import { formatPackageUrl } from './package-url.ts'
import type { SoftwarePackage } from './software-package.ts'

export interface PackageQuery {
  /** As people write it: `log4j-core`, `@babel/core`, `org.apache.logging.log4j:log4j-core`, or a package URL without its version. */
  readonly name: string
  /** Any, if unset. */
  readonly version?: string
}

export interface PackageHit<Image> {
  readonly image: Image
  readonly package: SoftwarePackage
}

/** `NAME[@VERSION]`; a scope of npm begins with `@`. */
export function parsePackageQuery(text: string): PackageQuery {
  const [plain = ''] = text.split('?', 1)
  const isUrl = plain.startsWith('pkg:')
  const at = plain.lastIndexOf('@')
  if (at <= 0 || plain[at - 1] === '/' || plain.indexOf('/', at) > at) return { name: plain }
  const version = plain.slice(at + 1)
  return { name: plain.slice(0, at), ...(version === '' ? {} : { version: isUrl ? decodeOr(version) : version }) }
}

/** What is no percent code is meant as it is written. */
function decodeOr(text: string): string {
  return /%(?![0-9a-f]{2})/i.test(text) ? text : unpercent(text)
}

const unpercent = (text: string): string =>
  text.replace(/%([2-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

export class PackageIndex<Image> {
  readonly #byName = new Map<string, PackageHit<Image>[]>()

  /** Adds an image's packages. `image` is what queries return. */
  add(image: Image, packages: readonly SoftwarePackage[]): void {
    for (const each of packages) {
      const hit = { image, package: each }
      for (const name of namesOf(each)) {
        const hits = this.#byName.get(name)
        if (hits === undefined) this.#byName.set(name, [hit])
        else hits.push(hit)
      }
    }
  }

  /** In the order in which images were added. The name of a source package finds what was built from it. */
  find({ name, version }: PackageQuery): readonly PackageHit<Image>[] {
    const hits = this.#byName.get(name.toLowerCase()) ?? []
    return version === undefined ? hits : hits.filter(hit => hasVersion(hit.package, version, name))
  }
}

/** Whether a query names this package, or the source package that it was built from. */
export function matchesQuery(of: SoftwarePackage, { name, version }: PackageQuery): boolean {
  const wanted = name.toLowerCase()
  // Every name by which people ask for it contains one of these, and most packages have neither.
  if (!wanted.includes(of.name.toLowerCase()) && of.source?.name.toLowerCase() !== wanted) return false
  return namesOf(of).has(wanted) && (version === undefined || hasVersion(of, version, name))
}

function hasVersion({ version, source, name }: SoftwarePackage, wanted: string, query: string): boolean {
  if (version === wanted) return true
  // Asked for by its source package, its version counts.
  return source?.version === wanted && (source.name === query || name === query)
}

/** The names by which people ask for it. Names of packages that differ in case alone are not told apart. */
function namesOf(of: SoftwarePackage): ReadonlySet<string> {
  const { type, namespace, name, source } = of
  const names = new Set([
    name,
    formatPackageUrl({ type, ...(namespace === undefined ? {} : { namespace }), name, version: '', locations: [] }),
  ])
  if (of.distribution !== undefined)
    names.add(formatPackageUrl({ ...of, version: '', distribution: { id: of.distribution.id, version: '' } }).split('?', 1)[0] ?? name)
  if (namespace !== undefined)
    names.add(type === 'npm' ? `@${namespace}/${name}` : type === 'maven' ? `${namespace}:${name}` : `${namespace}/${name}`)
  if (source !== undefined) names.add(source.name)
  return new Set([...names].map(each => each.toLowerCase()))
}
