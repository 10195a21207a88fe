// Package URLs (purl-spec, PURL-SPECIFICATION and PURL-TYPES), such as `pkg:deb/debian/bash@5.2.15-2?arch=amd64&distro=debian-12`.
import { parsePackageUrlParts } from './package-url-parts.ts'
import type { PackageType, SoftwarePackage } from './software-package.ts'

export const packageTypes: readonly PackageType[] = ['apk', 'cargo', 'composer', 'deb', 'gem', 'golang', 'maven', 'npm', 'pypi', 'rpm']

const isPackageType = (text: string): text is PackageType => packageTypes.some(type => type === text)

/** Percent-encoded as the specification says: all but letters, digits and `.-_~:`. */
const encode = (text: string): string =>
  encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%3A', ':')

/** Names of these types are equal in any case. */
const isLowerCase = (type: PackageType): boolean => ['apk', 'deb', 'composer', 'golang', 'pypi'].includes(type)

const nameOf = (type: PackageType, name: string): string => {
  const folded = isLowerCase(type) ? name.toLowerCase() : name
  return type === 'pypi' ? folded.replaceAll('_', '-') : folded
}

/** The namespace that the specification demands: of packages of an operating system its distribution, of npm the scope with `@`. */
function namespaceOf({ type, namespace, distribution }: SoftwarePackage): string {
  if (type === 'apk' || type === 'deb' || type === 'rpm') return distribution?.id ?? ''
  if (namespace === undefined) return ''
  return type === 'npm' ? `@${namespace}` : isLowerCase(type) ? namespace.toLowerCase() : namespace
}

/** The canonical URL: equal packages give equal text. */
export function formatPackageUrl(of: SoftwarePackage): string {
  const { type, name, version, architecture, distribution, source } = of
  // A Go module is a path.
  const path = [...namespaceOf(of).split('/'), ...(type === 'golang' ? name.toLowerCase().split('/') : [nameOf(type, name)])]
  const qualifiers: [string, string][] = []
  const { epoch, rest } = type === 'rpm' ? splitEpoch(version) : { epoch: '', rest: version }
  if (architecture !== undefined && architecture !== '') qualifiers.push(['arch', architecture])
  if (distribution !== undefined)
    qualifiers.push(['distro', distribution.version === '' ? distribution.id : `${distribution.id}-${distribution.version}`])
  if (epoch !== '') qualifiers.push(['epoch', epoch])
  if (source !== undefined) qualifiers.push(['upstream', source.version === version ? source.name : `${source.name}@${source.version}`])
  const query = qualifiers.map(([key, value]) => `${key}=${encode(value)}`).join('&')
  const encoded = path.filter(each => each !== '').map(encode)
  return `pkg:${type}/${encoded.join('/')}${rest === '' ? '' : `@${encode(rest)}`}${query === '' ? '' : `?${query}`}`
}

/** An epoch of 0 is none. */
function splitEpoch(version: string): { epoch: string; rest: string } {
  const [, epoch = '', rest = ''] = /^(\d{1,10}):(.*)$/s.exec(version) ?? [undefined, '', version]
  return { epoch: epoch === '0' ? '' : epoch, rest }
}

/**
 * The package with its name as a document writes it beside the URL, which has the names of some ecosystems in lower case. Modules of Go are told apart by
 * case.
 */
export const withWrittenName = (of: SoftwarePackage, name: string): SoftwarePackage =>
  of.type === 'golang' && name.toLowerCase() === of.name ? { ...of, name } : of

/** The package that the URL names, without locations. Throws a UserError if it is malformed; undefined if its type is none of `packageTypes`. */
export function parsePackageUrl(text: string): SoftwarePackage | undefined {
  const { type, namespace, name, version, qualifiers } = parsePackageUrlParts(text)
  return isPackageType(type) ? { type, ...fieldsOf(type, namespace, name, version, qualifiers), locations: [] } : undefined
}

function fieldsOf(
  type: PackageType,
  namespace: string,
  name: string,
  version: string,
  qualifiers: ReadonlyMap<string, string>,
): Omit<SoftwarePackage, 'type' | 'locations'> {
  const architecture = qualifiers.get('arch')
  if (type === 'apk' || type === 'deb' || type === 'rpm') {
    // The specification has it for rpm; Trivy writes it for deb too.
    const epoch = qualifiers.get('epoch')
    const whole = epoch === undefined ? version : `${epoch}:${version}`
    const distro = qualifiers.get('distro') ?? ''
    const distribution =
      namespace === ''
        ? undefined
        : { id: namespace, version: distro.startsWith(`${namespace}-`) ? distro.slice(namespace.length + 1) : '' }
    const upstream = qualifiers.get('upstream')
    const [sourceName = '', sourceVersion = whole] = upstream?.split('@', 2) ?? []
    return {
      name: nameOf(type, name),
      version: whole,
      ...(architecture === undefined ? {} : { architecture }),
      ...(sourceName === '' ? {} : { source: { name: sourceName, version: sourceVersion } }),
      ...(distribution === undefined ? {} : { distribution }),
    }
  }
  if (type === 'golang') return { name: namespace === '' ? name : `${namespace}/${name}`, version }
  const scope = type === 'npm' ? namespace.replace(/^@/, '') : isLowerCase(type) ? namespace.toLowerCase() : namespace
  return {
    ...(scope === '' ? {} : { namespace: scope }),
    name: nameOf(type, name),
    version,
    ...(architecture === undefined ? {} : { architecture }),
  }
}
