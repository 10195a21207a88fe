// Which advisories a package is looked up under: the ecosystem of its type, or the release of its distribution, and its name there.
import type { Distribution, PackageType, SoftwarePackage } from '../packages/software-package.ts'

/** Of OSV (ossf.github.io/osv-schema, "Defined ecosystems"), without a release. */
const languages: Readonly<Record<string, PackageType>> = {
  'crates.io': 'cargo',
  Go: 'golang',
  Maven: 'maven',
  npm: 'npm',
  Packagist: 'composer',
  PyPI: 'pypi',
  RubyGems: 'gem',
}

interface Family {
  readonly type: PackageType
  /** How many numbers of a version name a release with its own advisories; 0 if there is one stream for all. */
  readonly numbers: number
  /** Its name in OSV. */
  readonly osv: string
}

/** By the `ID` of os-release. */
const families: Readonly<Record<string, Family>> = {
  almalinux: { type: 'rpm', numbers: 1, osv: 'AlmaLinux' },
  alpine: { type: 'apk', numbers: 2, osv: 'Alpine' },
  chainguard: { type: 'apk', numbers: 0, osv: 'Chainguard' },
  debian: { type: 'deb', numbers: 1, osv: 'Debian' },
  rhel: { type: 'rpm', numbers: 1, osv: 'Red Hat' },
  rocky: { type: 'rpm', numbers: 1, osv: 'Rocky Linux' },
  ubuntu: { type: 'deb', numbers: 2, osv: 'Ubuntu' },
  wolfi: { type: 'apk', numbers: 0, osv: 'Wolfi' },
}

/** Distributions that are built from another's packages and have no advisories of their own. */
const sameAs: Readonly<Record<string, string>> = { centos: 'rhel', distroless: 'debian' }

const familyById = (id: string): Family | undefined => (Object.hasOwn(families, id) ? families[id] : undefined)

/** `debian:12`, `alpine:3.20`, `wolfi`; undefined if there are no advisories for the distribution or the release has no number. */
export function ecosystemOfRelease({ id, version }: Distribution): string | undefined {
  const family = Object.hasOwn(sameAs, id) ? (sameAs[id] ?? id) : id
  const known = familyById(family)
  if (known === undefined) return undefined
  if (known.numbers === 0) return family
  const numbers = version.split('.').slice(0, known.numbers)
  return numbers.length === known.numbers && numbers.every(part => /^[0-9]{1,4}$/.test(part)) ? `${family}:${numbers.join('.')}` : undefined
}

/** Where advisories about the package stand; undefined if nobody publishes any that we can read. */
export function ecosystemOf({ type, distribution }: SoftwarePackage): string | undefined {
  if (isLanguage(type)) return type
  const ecosystem = distribution === undefined ? undefined : ecosystemOfRelease(distribution)
  return ecosystem !== undefined && packageTypeOf(ecosystem) === type ? ecosystem : undefined
}

export const isLanguage = (type: PackageType): boolean => type !== 'deb' && type !== 'rpm' && type !== 'apk'

/** The type whose order of versions an ecosystem of ours has; undefined for anything else. */
export function packageTypeOf(ecosystem: string): PackageType | undefined {
  const colon = ecosystem.indexOf(':')
  const id = colon === -1 ? ecosystem : ecosystem.slice(0, colon)
  return familyById(id)?.type ?? Object.values(languages).find(type => type === id)
}

/** The ecosystem of an OSV record, such as `Debian:12`, `Alpine:v3.20` or `Ubuntu:22.04:LTS`; undefined if we have no packages of it. */
export function ecosystemOfOsv(text: string): string | undefined {
  const [name = '', release = '', variant = ''] = text.split(':')
  const language = Object.hasOwn(languages, name) ? languages[name] : undefined
  if (language !== undefined) return language
  // Paid updates of Ubuntu are other packages: `Ubuntu:Pro:…`.
  const [id] = Object.entries(families).find(([, { osv }]) => osv === name) ?? []
  if (id === undefined || (id === 'ubuntu' && variant !== '' && variant !== 'LTS')) return undefined
  // Red Hat's names a product by its CPE: `Red Hat:enterprise_linux:9::baseos`.
  if (id === 'rhel') return release === 'enterprise_linux' ? ecosystemOfRelease({ id, version: variant }) : undefined
  return ecosystemOfRelease({ id, version: release.replace(/^v/, '') })
}

/**
 * The names and versions under which advisories may know the package. Distributions other than those of rpm name the source package; those of rpm
 * name either.
 */
export function advisoryNames(one: SoftwarePackage): readonly { readonly name: string; readonly version: string }[] {
  const { type, version, source } = one
  if (isLanguage(type)) return [{ name: languageName(one), version }]
  const own = { name: one.name, version }
  if (source === undefined) return [own]
  return type === 'rpm' && source.name !== one.name ? [own, source] : [source]
}

function languageName({ type, namespace, name }: SoftwarePackage): string {
  if (namespace === undefined || namespace === '') return advisoryName(type, name)
  if (type === 'maven') return `${namespace}:${name}`
  return advisoryName(type, `${type === 'npm' ? '@' : ''}${namespace}/${name}`)
}

/** As the ecosystem compares names: PyPI's without regard to case and to `-`, `_`, `.` (PEP 503), Composer's without regard to case. */
export function advisoryName(type: PackageType, name: string): string {
  if (type === 'pypi') return name.toLowerCase().replace(/[-_.]+/g, '-')
  return type === 'composer' ? name.toLowerCase() : name
}
