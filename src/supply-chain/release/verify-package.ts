// Whether the files of a published package are those of its signed manifest.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { cannotRead, codeOf, UserError } from '../../base/user-error.ts'
import { parsePublicKey } from '../signatures/public-key.ts'
import { keyId, verifiedPayload } from '../signatures/signed-statement.ts'
import { compareFiles, type Difference, type FoundFile } from './compare-files.ts'
import {
  developmentKeyFile,
  isExecuted,
  manifestFile,
  maxManifestBytes,
  type PackageFile,
  type PackageManifest,
  parseManifest,
} from './package-manifest.ts'
import { listFiles, readFiles } from './read-files.ts'

export interface PackageKeys {
  /** PEM: the only key that counts. A user gave it, or the starter brings it. */
  readonly required?: string
}

export interface VerifiedManifest {
  readonly manifest: PackageManifest
  /** `development`: signed with a key that was made for the build and lies beside it. That proves that nothing changed by itself, not who built it. */
  readonly build: 'release' | 'development'
  /** Of the key. */
  readonly keyId: string
}

/** V8's cache of compiled code, written by this command itself. */
const cacheFolder = 'dist/.compile-cache'

/** Throws a UserError that names the file. */
export async function readManifest(root: string, { required }: PackageKeys): Promise<VerifiedManifest> {
  const file = join(root, manifestFile)
  const pem = required ?? (await developmentKey(root))
  const payload = verifiedPayload(await readBounded(file), parsePublicKey(pem, 'the public key of the package'), `"${file}"`)
  return { manifest: parseManifest(payload, `"${file}"`), build: required === undefined ? 'development' : 'release', keyId: keyId(pem) }
}

async function developmentKey(root: string): Promise<string> {
  const file = join(root, developmentKeyFile)
  try {
    return await readBounded(file)
  } catch (err) {
    if (!(err instanceof UserError)) throw err
    throw new UserError(`${err.message}. The package is no development build, so its key must be given with --package-key`, { cause: err })
  }
}

async function readBounded(file: string): Promise<string> {
  try {
    const { size } = await stat(file)
    if (size > maxManifestBytes) throw new UserError(`"${file}" has ${size} bytes, at most ${maxManifestBytes} are read`)
    return await readFile(file, 'utf8')
  } catch (err) {
    throw cannotRead(file, err)
  }
}

/** `executed`: only what the command runs. */
export async function packageDifferences(
  root: string,
  { files }: PackageManifest,
  { executed }: { readonly executed: boolean },
): Promise<Difference[]> {
  const counts = (path: string): boolean => path !== manifestFile && (!executed || isExecuted(path))
  const enter = (folder: string): boolean => folder !== cacheFolder && (!executed || isExecuted(`${folder}/`))
  const paths = (await listFiles(root, enter)).filter(counts)
  const found = [...(await readFiles(root, paths)), ...(await cacheProblem(root))]
  const expected = [...files.values()].filter(({ path }) => counts(path))
  return compareFiles(expected, found, { modes: process.platform !== 'win32' })
}

/** The same for one folder, which may be a copy of one of the package. */
export async function folderDifferences(folder: string, expected: readonly PackageFile[]): Promise<Difference[]> {
  return compareFiles(expected, await readFiles(folder, await listFiles(folder, () => true)), { modes: false })
}

/** Who may write into the cache may run code here: nothing proves what compiled code was made from. */
async function cacheProblem(root: string): Promise<FoundFile[]> {
  const { getuid } = process
  if (getuid === undefined) return []
  try {
    const { uid, mode } = await stat(join(root, cacheFolder))
    if (uid !== 0 && uid !== getuid()) return [{ path: cacheFolder, problem: `belongs to user ${uid}: remove it` }]
    return (mode & 0o022) === 0 ? [] : [{ path: cacheFolder, problem: 'may be written by others: remove it' }]
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return []
    throw err
  }
}
