// Java archives: Maven's pom.properties in them, else the manifest, else the file's name; archives within archives too.
import { UserError } from '../../../base/user-error.ts'
import { type ZipEntry, zipEntries } from '../../zip/zip-entries.ts'
import type { Cataloguer } from '../cataloguer.ts'
import { controlStanzas } from '../control-stanzas.ts'
import type { SoftwarePackage } from '../software-package.ts'

/** Archives with all of their dependencies have some 200 MiB. */
export const maxJarBytes = 256 * 1024 * 1024
/** Of an archive within an archive. */
export const maxNestedBytes = 64 * 1024 * 1024
/** Of all archives within one. */
export const maxNestedTotalBytes = 512 * 1024 * 1024
export const maxNesting = 3
const maxPropertiesBytes = 64 * 1024
const maxManifestBytes = 1024 * 1024
const jarLimits = { entries: 100_000, entryBytes: maxNestedBytes, totalBytes: 16 * 2 ** 30, nameBytes: 65_535 }
const zipMagic = Buffer.from('PK\x03\x04', 'latin1')
const isArchive = (name: string): boolean => /\.(?:jar|war|ear|hpi|jpi)$/i.test(name)

export const jar: Cataloguer = {
  name: 'jar',
  finds: 'installed',
  wish: path => (isArchive(path) ? { maxBytes: maxJarBytes, beginsWith: [zipMagic] } : undefined),
  read(path, content) {
    try {
      return { packages: [...packagesOf(content, path, `/${path}`, 0, { left: maxNestedTotalBytes })] }
    } catch (err) {
      // Node's own error for an offset outside of the file.
      if (err instanceof RangeError) throw new UserError(`It is malformed: ${err.message}`, { cause: err })
      throw err
    }
  },
}

function* packagesOf(content: Buffer, name: string, location: string, depth: number, budget: { left: number }): Generator<SoftwarePackage> {
  const entries = [...zipEntries(content, 'It', jarLimits)]
  const poms = entries.filter(each => /^META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/.test(each.name))
  const found = poms.flatMap(pom => pomPackage(pom.content(maxPropertiesBytes), location) ?? [])
  if (found.length > 0) yield* found
  else {
    const manifest = entries.find(each => each.name === 'META-INF/MANIFEST.MF')
    const own = manifestPackage(manifest, location) ?? namedPackage(name, location)
    if (own !== undefined) yield own
  }
  for (const entry of entries) {
    if (!isArchive(entry.name)) continue
    if (depth >= maxNesting) throw new UserError(`It has archives nested deeper than ${maxNesting} levels`)
    const nested = entry.content(maxNestedBytes)
    budget.left -= nested.length
    if (budget.left < 0) throw new UserError(`The archives in it have more than ${maxNestedTotalBytes} bytes`)
    if (nested.subarray(0, 4).equals(zipMagic)) yield* packagesOf(nested, entry.name, location, depth + 1, budget)
  }
}

/** Lines `name=value`, in any order. */
function pomPackage(content: Buffer, location: string): SoftwarePackage | undefined {
  const value = (key: string): string =>
    content
      .toString('utf8')
      .split('\n')
      .find(line => line.startsWith(`${key}=`))
      ?.slice(key.length + 1)
      .trim() ?? ''
  const [namespace, name, version] = [value('groupId'), value('artifactId'), value('version')]
  // A project's own variables were not replaced.
  if (namespace === '' || name === '' || version === '' || version.includes('${')) return undefined
  return { type: 'maven', namespace, name, version, locations: [location] }
}

const manifestFields: ReadonlySet<string> = new Set([
  'implementation-title',
  'implementation-version',
  'implementation-vendor-id',
  'bundle-symbolicname',
  'bundle-version',
])

function manifestPackage(entry: ZipEntry | undefined, location: string): SoftwarePackage | undefined {
  if (entry === undefined) return undefined
  const [fields] = controlStanzas(
    entry.content(maxManifestBytes).toString('utf8').replaceAll('\r', '').replaceAll('\n ', ''),
    manifestFields,
  )
  const value = (name: string): string => fields?.get(name) ?? ''
  const [bundle = ''] = value('bundle-symbolicname').split(';', 1)
  const version = value('implementation-version') || value('bundle-version')
  // A bundle's name is usually the group and the artifact.
  const dot = bundle.lastIndexOf('.')
  const group = value('implementation-vendor-id') || bundle.slice(0, Math.max(dot, 0))
  const title = value('implementation-title')
  const name = /^[\w.-]+$/.test(title) && !title.includes('.') ? title : bundle.slice(dot + 1)
  if (group === '' || name === '' || version === '') return undefined
  return { type: 'maven', namespace: group, name, version, locations: [location] }
}

/** `lib/commons-io-2.11.0.jar` names no group. */
function namedPackage(path: string, location: string): SoftwarePackage | undefined {
  const [, name, version] = /^([A-Za-z][\w.-]{0,200}?)-(\d[\w.-]{0,100})\.\w{3}$/.exec(path.slice(path.lastIndexOf('/') + 1)) ?? []
  return name === undefined || version === undefined ? undefined : { type: 'maven', name, version, locations: [location] }
}
