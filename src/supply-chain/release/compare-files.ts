// What is different between the files of a folder and a manifest.
import type { PackageFile } from './package-manifest.ts'

/** As found on disk. `problem`: it is no regular file, or could not be read. */
export type FoundFile = PackageFile | { readonly path: string; readonly problem: string }

export interface Difference {
  readonly path: string
  readonly what: string
}

export interface CompareOptions {
  /** Systems without permission bits have no executable files. */
  readonly modes: boolean
}

/** In the order of the paths. */
export function compareFiles(expected: Iterable<PackageFile>, found: readonly FoundFile[], { modes }: CompareOptions): Difference[] {
  const open = new Map([...expected].map(file => [file.path, file]))
  const differences: Difference[] = []
  for (const file of found) {
    const wanted = open.get(file.path)
    open.delete(file.path)
    const what = differenceOf(wanted, file, modes)
    if (what !== undefined) differences.push({ path: file.path, what })
  }
  for (const path of open.keys()) differences.push({ path, what: 'is missing' })
  return differences.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

function differenceOf(wanted: PackageFile | undefined, found: FoundFile, modes: boolean): string | undefined {
  if ('problem' in found) return found.problem
  if (wanted === undefined) return 'is not in the manifest'
  if (found.size !== wanted.size) return `has ${found.size} bytes, and ${wanted.size} in the manifest`
  if (found.sha256 !== wanted.sha256) return 'has other bytes than in the manifest'
  if (modes && found.executable !== wanted.executable) return `is ${found.executable ? '' : 'not '}executable, unlike in the manifest`
  return undefined
}

/** Files that a message names. */
const shownFiles = 5

/** `"dist/a.js" has other bytes …, "bin/x.mjs" is missing and 3 more` */
export function describeDifferences(differences: readonly Difference[]): string {
  const shown = differences.slice(0, shownFiles).map(({ path, what }) => `"${path.slice(0, 300)}" ${what}`)
  const more = differences.length > shownFiles ? ` and ${differences.length - shownFiles} more` : ''
  return `${shown.join(', ')}${more}`
}
