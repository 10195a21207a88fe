// The code of the parts: before each start, the files that a part would run are compared with the manifest that the starter verified.
import { basename, dirname } from 'node:path'
import { UserError } from '../../base/user-error.ts'
import { describeDifferences } from './compare-files.ts'
import type { PackageFile } from './package-manifest.ts'
import type { VerifiedPackage } from './verified-package.ts'
import { folderDifferences } from './verify-package.ts'

/** For `bulkhead status`. */
export interface PackageFacts {
  readonly build: 'release' | 'development'
  readonly version: string
  readonly keyId: string
  readonly files: number
}

export interface PartCode {
  readonly facts: PackageFacts
  /** Rejects with a UserError that names a file that is not as in the manifest. Calls at the same time share one reading. */
  verify(): Promise<void>
}

/** `script` is the file that parts run: of the package, or of the copy in the data directory. Undefined for a clone. */
export function partCode(verified: VerifiedPackage | undefined, script: string): PartCode | undefined {
  if (verified === undefined) return undefined
  const { manifest, build, keyId } = verified
  const folder = dirname(script)
  const expected = buildFiles([...manifest.files.values()], basename(script), folder)
  const names = new Set(expected.map(({ path }) => path))
  let running: Promise<void> | undefined
  const verify = async (): Promise<void> => {
    const differences = await folderDifferences(folder, expected)
    if (differences.length === 0) return
    throw new UserError(`The code in "${folder}" is not that of ${manifest.name} ${manifest.version}: ${describeDifferences(differences)}`)
  }
  return {
    facts: { build, version: manifest.version, keyId, files: names.size },
    verify() {
      running ??= verify().finally(() => {
        running = undefined
      })
      return running
    },
  }
}

/** Those of the folder `dist/<build>` that has the script, by their names in it. A copy elsewhere has code and data alone. */
function buildFiles(files: readonly PackageFile[], script: string, folder: string): PackageFile[] {
  const entries = files.filter(({ path }) => /^dist\/[^/]+\/[^/]+$/.test(path) && basename(path) === script)
  const entry = entries.find(({ path }) => basename(dirname(path)) === basename(folder)) ?? entries[0]
  if (entry === undefined) throw new UserError(`The manifest of the package has no "${script}": install the package again`)
  const prefix = `${dirname(entry.path)}/`
  return files.flatMap(file => (file.path.startsWith(prefix) ? [{ ...file, path: file.path.slice(prefix.length) }] : []))
}
