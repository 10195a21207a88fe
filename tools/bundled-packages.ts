// The npm packages that the bundle may contain: the dependencies and theirs.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface BundledPackage {
  readonly name: string
  readonly version: string
  readonly license?: string
  readonly dependencies?: Readonly<Record<string, string>>
}

/** By name, with what their package.json says. `root` is the clone. */
export function bundledPackages(root: string): ReadonlyMap<string, BundledPackage> {
  const read = (file: string): BundledPackage => JSON.parse(readFileSync(file, 'utf8'))
  const found = new Map<string, BundledPackage>()
  const waiting = Object.keys(read(join(root, 'package.json')).dependencies ?? {})
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const file = join(root, 'node_modules', name, 'package.json')
    if (found.has(name) || !existsSync(file)) continue
    const one = read(file)
    found.set(name, one)
    waiting.push(...Object.keys(one.dependencies ?? {}))
  }
  return found
}
