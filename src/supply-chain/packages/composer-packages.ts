// Composer's lists of packages, in installed.json and composer.lock.
import { itemsOf, textOf } from './json-file.ts'
import type { SoftwarePackage } from './software-package.ts'

export function composerPackages(items: readonly unknown[], location: string): SoftwarePackage[] {
  return items.flatMap((each): SoftwarePackage[] => {
    const [namespace = '', name = ''] = textOf(each, 'name').split('/', 2)
    const version = textOf(each, 'version').replace(/^v(?=\d)/, '')
    if (name === '' || version === '') return []
    const licenses = itemsOf(each, 'license').filter(license => typeof license === 'string')
    return [{ type: 'composer', namespace, name, version, ...(licenses.length === 0 ? {} : { licenses }), locations: [location] }]
  })
}
