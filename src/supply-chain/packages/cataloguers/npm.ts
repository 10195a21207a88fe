// Installed packages of Node: each has a package.json.
import type { Cataloguer } from '../cataloguer.ts'
import { itemsOf, jsonFile, textOf } from '../json-file.ts'
import { npmPackage } from '../npm-package.ts'

const maxPackageJsonBytes = 4 * 1024 * 1024

export const npm: Cataloguer = {
  name: 'npm',
  finds: 'installed',
  wish: path => (isPackage(path) ? { maxBytes: maxPackageJsonBytes } : undefined),
  read(path, content) {
    const value = jsonFile(content)
    const [name, version] = [textOf(value, 'name'), textOf(value, 'version')]
    // Files that only set a folder's module type have neither.
    if (name === '' || version === '') return { packages: [] }
    return { packages: [npmPackage(name, version, `/${path}`, licensesOf(value))] }
  },
}

/** Directly in a `node_modules` folder or in a scope of it. Programs outside of one count too: fixtures within a package do not. */
function isPackage(path: string): boolean {
  if (!path.endsWith('/package.json')) return false
  const folders = path.split('/').slice(0, -1)
  const last = folders.lastIndexOf('node_modules')
  if (last < 0) return true
  return folders.length - last === 2 || (folders.length - last === 3 && folders[last + 1]?.startsWith('@') === true)
}

/** `license` as SPDX says it, or the older forms. */
function licensesOf(value: Readonly<Record<string, unknown>>): string[] {
  const license = textOf(value, 'license') || textOf(value['license'], 'type')
  return license === '' ? itemsOf(value, 'licenses').flatMap(each => textOf(each, 'type') || []) : [license]
}
