// What package-lock.json and npm-shrinkwrap.json declare (npm docs, package-lock.json, lockfileVersion 1 to 3).
import { isJsonObject } from '../../../base/json.ts'
import { UserError } from '../../../base/user-error.ts'
import type { Cataloguer } from '../cataloguer.ts'
import { jsonFile, maxJsonFileBytes, membersOf, textOf } from '../json-file.ts'
import { npmPackage } from '../npm-package.ts'
import type { SoftwarePackage } from '../software-package.ts'

export const npmLock: Cataloguer = {
  name: 'npm-lock',
  finds: 'declared',
  wish: path =>
    /(?:^|\/)(?:package-lock|npm-shrinkwrap)\.json$/.test(path) && !path.includes('node_modules/')
      ? { maxBytes: maxJsonFileBytes }
      : undefined,
  read(path, content) {
    const value = jsonFile(content)
    const packages = Object.hasOwn(value, 'packages') ? byPath(value, `/${path}`) : [...byName(value, `/${path}`)]
    return { packages }
  },
}

/** Versions 2 and 3: the keys are paths. */
function byPath(value: Readonly<Record<string, unknown>>, location: string): SoftwarePackage[] {
  return membersOf(value, 'packages').flatMap(([key, each]) => {
    const at = key.lastIndexOf('node_modules/')
    const version = textOf(each, 'version')
    // Workspaces are links, and the folder itself has the key ''.
    if (at < 0 || version === '' || (isJsonObject(each) && each['link'] === true)) return []
    return [npmPackage(textOf(each, 'name') || key.slice(at + 'node_modules/'.length), version, location)]
  })
}

/** Version 1: a tree by names. JSON bounds its depth. */
function* byName(value: unknown, location: string, depth = 0): Generator<SoftwarePackage> {
  if (depth > 100) throw new UserError('Its dependencies are nested deeper than 100 levels')
  for (const [name, each] of membersOf(value, 'dependencies')) {
    const version = textOf(each, 'version')
    if (/^\d/.test(version)) yield npmPackage(name, version, location)
    yield* byName(each, location, depth + 1)
  }
}
