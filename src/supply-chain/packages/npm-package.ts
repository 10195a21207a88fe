// A package of npm by its name, whose scope is its namespace.
import type { SoftwarePackage } from './software-package.ts'

export function npmPackage(whole: string, version: string, location: string, licenses: readonly string[] = []): SoftwarePackage {
  const [, namespace, name = whole] = /^@([^/]{1,214})\/(.{1,214})$/.exec(whole) ?? []
  return {
    type: 'npm',
    ...(namespace === undefined ? {} : { namespace }),
    name,
    version,
    ...(licenses.length === 0 ? {} : { licenses }),
    locations: [location],
  }
}
