// What composer.lock declares.
import type { Cataloguer } from '../cataloguer.ts'
import { composerPackages } from '../composer-packages.ts'
import { itemsOf, jsonFile, maxJsonFileBytes } from '../json-file.ts'

export const composerLock: Cataloguer = {
  name: 'composer-lock',
  finds: 'declared',
  wish: path => (/(?:^|\/)composer\.lock$/.test(path) ? { maxBytes: maxJsonFileBytes } : undefined),
  read(path, content) {
    const value = jsonFile(content)
    return { packages: composerPackages([...itemsOf(value, 'packages'), ...itemsOf(value, 'packages-dev')], `/${path}`) }
  },
}
