// Installed packages of Python (PyPA, core metadata): METADATA of `.dist-info`, PKG-INFO of eggs.
import type { Cataloguer } from '../cataloguer.ts'
import { controlStanzas } from '../control-stanzas.ts'

const maxMetadataBytes = 8 * 1024 * 1024
const fields: ReadonlySet<string> = new Set(['name', 'version', 'license', 'license-expression'])

export const pypi: Cataloguer = {
  name: 'pypi',
  finds: 'installed',
  wish: path =>
    /(?:\.dist-info\/METADATA|\.egg-info\/PKG-INFO|EGG-INFO\/PKG-INFO|\.egg-info)$/.test(path) ? { maxBytes: maxMetadataBytes } : undefined,
  read(path, content) {
    // The description follows after an empty line.
    for (const stanza of controlStanzas(content.toString('utf8'), fields)) {
      const [name = '', version = ''] = [stanza.get('name'), stanza.get('version')]
      if (name === '' || version === '') break
      const license = stanza.get('license-expression') ?? stanza.get('license') ?? ''
      // Some packages put the whole text of their license there.
      const isName = license !== '' && license !== 'UNKNOWN' && license.length <= 100 && !license.includes('\n')
      return { packages: [{ type: 'pypi', name, version, ...(isName ? { licenses: [license] } : {}), locations: [`/${path}`] }] }
    }
    return { packages: [] }
  },
}
