// Alpine's packages (apk(5), the installed database of apk-tools 2).
import type { Cataloguer } from '../cataloguer.ts'
import type { SoftwarePackage } from '../software-package.ts'

const paths: readonly string[] = ['lib/apk/db/installed', 'usr/lib/apk/db/installed']
export const maxInstalledBytes = 64 * 1024 * 1024

export const apk: Cataloguer = {
  name: 'apk',
  finds: 'installed',
  fixedPaths: paths,
  wish: path => (paths.includes(path) ? { maxBytes: maxInstalledBytes } : undefined),
  read(path, content) {
    const packages: SoftwarePackage[] = []
    const lines = content.toString('utf8').split('\n')
    let fields = new Map<string, string>()
    const close = () => {
      const found = packageOf(fields, `/${path}`)
      if (found !== undefined) packages.push(found)
      fields = new Map()
    }
    for (const line of lines) {
      if (line === '') close()
      // Of a letter that comes again, as for files, the first counts.
      else if (line[1] === ':' && !fields.has(line.slice(0, 1))) fields.set(line.slice(0, 1), line.slice(2))
    }
    close()
    return { packages, ownedFiles: () => filesOf(lines) }
  },
}

function packageOf(fields: ReadonlyMap<string, string>, location: string): SoftwarePackage | undefined {
  const [name = '', version = '', architecture = '', origin = '', license = ''] = ['P', 'V', 'A', 'o', 'L'].map(
    key => fields.get(key) ?? '',
  )
  if (name === '' || version === '') return undefined
  return {
    type: 'apk',
    name,
    version,
    ...(architecture === '' ? {} : { architecture }),
    ...(origin === '' || origin === name ? {} : { source: { name: origin, version } }),
    ...(license === '' ? {} : { licenses: [license] }),
    locations: [location],
  }
}

/** `F:` names a folder, each `R:` after it a file in it. */
function* filesOf(lines: readonly string[]): Generator<string> {
  let folder = ''
  for (const line of lines) {
    if (line.startsWith('F:')) folder = line.slice(2)
    else if (line.startsWith('R:')) yield folder === '' ? line.slice(2) : `${folder}/${line.slice(2)}`
  }
}
