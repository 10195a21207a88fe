// Packages of PHP: vendor/composer/installed.json of an installation.
import { parseBoundedJson } from '../../oci/bounded-json.ts'
import type { Cataloguer } from '../cataloguer.ts'
import { composerPackages } from '../composer-packages.ts'
import { itemsOf, maxJsonFileBytes } from '../json-file.ts'

export const composer: Cataloguer = {
  name: 'composer',
  finds: 'installed',
  wish: path => (/(?:^|\/)composer\/installed\.json$/.test(path) ? { maxBytes: maxJsonFileBytes } : undefined),
  read(path, content) {
    const value = parseBoundedJson(content, maxJsonFileBytes, 'It')
    // Composer 1 wrote the list alone.
    return { packages: composerPackages(Array.isArray(value) ? value : itemsOf(value, 'packages'), `/${path}`) }
  },
}
