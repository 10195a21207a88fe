// Debian's packages (dpkg(1), deb-control(5)): `status`, or one file for each package in `status.d` as in distroless images.
import type { Cataloguer } from '../cataloguer.ts'
import { controlStanzas } from '../control-stanzas.ts'
import type { SoftwarePackage } from '../software-package.ts'

const statusPath = 'var/lib/dpkg/status'
const statusFolder = 'var/lib/dpkg/status.d/'
const infoFolder = 'var/lib/dpkg/info/'
/** A machine with every package of Debian has 60 MiB. */
export const maxStatusBytes = 128 * 1024 * 1024
const maxListBytes = 16 * 1024 * 1024

/** The third word of `Status`: the package's files are there, at least in part. */
const isThere = (status: string): boolean => !/(?:^|\s)(?:not-installed|config-files)$/.test(status)

export const dpkg: Cataloguer = {
  name: 'dpkg',
  finds: 'installed',
  fixedPaths: [statusPath],
  wish(path) {
    if (path === statusPath) return { maxBytes: maxStatusBytes }
    if (path.startsWith(statusFolder) && !path.endsWith('.md5sums')) return { maxBytes: maxListBytes }
    return path.startsWith(infoFolder) && path.endsWith('.list') ? { maxBytes: maxListBytes } : undefined
  },
  read(path, content) {
    if (path.startsWith(infoFolder)) return { packages: [], ownedFiles: () => listedFiles(content) }
    const packages: SoftwarePackage[] = []
    for (const stanza of controlStanzas(content.toString('utf8'), wantedFields)) {
      const found = packageOf(stanza, `/${path}`)
      if (found !== undefined) packages.push(found)
    }
    return { packages }
  },
}

const wantedFields: ReadonlySet<string> = new Set(['package', 'status', 'version', 'architecture', 'source'])

function packageOf(stanza: ReadonlyMap<string, string>, location: string): SoftwarePackage | undefined {
  const name = stanza.get('package') ?? ''
  const version = stanza.get('version') ?? ''
  if (name === '' || version === '' || !isThere(stanza.get('status') ?? '')) return undefined
  const architecture = stanza.get('architecture')
  const source = sourceOf(stanza.get('source') ?? '', version)
  return {
    type: 'deb',
    name,
    version,
    ...(architecture === undefined ? {} : { architecture }),
    ...(source === undefined || (source.name === name && source.version === version) ? {} : { source }),
    locations: [location],
  }
}

/** `glibc`, or `glibc (2.36-1)` if the version of the source package is another. */
function sourceOf(text: string, version: string): { name: string; version: string } | undefined {
  const [name = '', rest = ''] = text.split(' ', 2)
  if (name === '') return undefined
  return { name, version: rest.startsWith('(') && rest.endsWith(')') ? rest.slice(1, -1) : version }
}

function* listedFiles(content: Buffer): Generator<string> {
  for (let at = 0; at < content.length; ) {
    const end = content.indexOf(0x0a, at)
    const line = content.toString('utf8', at, end < 0 ? content.length : end)
    if (line.startsWith('/')) yield line.slice(1)
    if (end < 0) return
    at = end + 1
  }
}
