// The packages that a package-lock.json installs, with the integrity of each (npm docs, package-lock.json, lockfileVersion 2 and 3).
import { isJsonObject } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { objectMember, readJsonObject, textMember } from '../signatures/read-json.ts'

export interface LockedPackage {
  /** `node_modules/ws`, relative to the lockfile. */
  readonly path: string
  readonly version: string
  /** SRI, such as `sha512-…`; undefined for a link or a local package. */
  readonly integrity?: string
}

export const maxPackages = 20_000
const safePath = /^(?:[A-Za-z0-9@._-]+\/)*node_modules\/(?:@[A-Za-z0-9._~-]+\/)?[A-Za-z0-9._~-]+$/

/** Throws a UserError that begins with `where`. */
export function lockedPackages(bytes: Uint8Array, where: string): LockedPackage[] {
  const packages = objectMember(readJsonObject(bytes, where), 'packages')
  if (packages === undefined)
    throw new UserError(`${where} has no "packages": it must be of lockfileVersion 2 or 3, as npm 7 and later write it`)
  const entries = Object.entries(packages)
  if (entries.length > maxPackages) throw new UserError(`${where} has ${entries.length} packages, at most ${maxPackages} are read`)
  return entries.flatMap(([path, value]): LockedPackage[] => {
    if (!isJsonObject(value) || value['link'] === true || !path.includes('node_modules/')) return []
    if (!safePath.test(path) || path.split('/').includes('..'))
      throw new UserError(`${where} has a package at "${path.slice(0, 200)}", which is no path of npm`)
    const integrity = textMember(value, 'integrity')
    return [{ path, version: textMember(value, 'version') ?? '', ...(integrity === undefined ? {} : { integrity }) }]
  })
}
