// The first code of a published package: `bin/bulkhead.mjs` imports it as a file of its own, and it imports nothing of the package.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { cannotRead, UserError } from '../../base/user-error.ts'
import { describeDifferences } from './compare-files.ts'
import { keepVerifiedPackage, type VerifiedPackage } from './verified-package.ts'
import { packageDifferences, readManifest } from './verify-package.ts'

/** Set when a release is packed; a development build has none. */
declare const releaseKey: string | undefined
const compiledKey = typeof releaseKey === 'string' ? releaseKey : undefined
const flag = '--package-key'

/** `words` is the command line. Returns why the package must not run, or undefined. `up` starts the parts with what was verified here. */
export async function checkPackage(root: string, words: readonly string[]): Promise<string | undefined> {
  if (words[0] !== 'up') return undefined
  try {
    keepVerifiedPackage(await verifyExecuted(resolve(root), words, compiledKey))
    return undefined
  } catch (err) {
    if (err instanceof UserError) return err.message
    throw err
  }
}

/** Verifies what the command runs in the package at `root`. Rejects with a UserError that names the file. `brought` is the key of the release. */
export async function verifyExecuted(root: string, words: readonly string[], brought?: string): Promise<VerifiedPackage> {
  const required = namedKey(words) ?? brought
  const verified = await readManifest(root, required === undefined ? {} : { required })
  const differences = await packageDifferences(root, verified.manifest, { executed: true })
  if (differences.length === 0) return { root, ...verified }
  const { name, version } = verified.manifest
  const what = `The files in "${root}" are not those of ${name} ${version}: ${describeDifferences(differences)}`
  throw new UserError(`${what}. Nothing of it was started: install the package again`)
}

/** Undefined if the command line has no flag for it. */
function namedKey(words: readonly string[]): string | undefined {
  const at = words.findIndex(word => word === flag || word.startsWith(`${flag}=`))
  const word = words[at]
  if (word === undefined) return undefined
  const file = word === flag ? (words[at + 1] ?? '') : word.slice(flag.length + 1)
  try {
    return readFileSync(file, 'utf8')
  } catch (err) {
    throw cannotRead(file, err)
  }
}
