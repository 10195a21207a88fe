// The manifest of a published package: each of its files with hash, size and mode, as a statement of in-toto.
import { getOwn } from '../../base/data/own-property.ts'
import { isJsonObject } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { objectMember, readJsonObject, textMember } from '../signatures/read-json.ts'
import type { UnsignedStatement } from '../signatures/signed-statement.ts'

export const packagePredicate = 'https://bulkhead.dev/package/v1'
/** Beside package.json; the only file that it does not list. */
export const manifestFile = 'package-manifest.dsse.json'
/** PEM; only in development builds, whose key was made for them. */
export const developmentKeyFile = 'development-build.pub'
export const maxManifestBytes = 8 * 1024 * 1024
export const maxFiles = 20_000

export interface PackageFile {
  /** Relative to the package, with `/`. */
  readonly path: string
  /** Hexadecimal. */
  readonly sha256: string
  /** Bytes. */
  readonly size: number
  readonly executable: boolean
}

export interface PackageManifest {
  readonly name: string
  readonly version: string
  readonly files: ReadonlyMap<string, PackageFile>
}

/** What the command runs, with what decides how it is read. Other files are documents and types. */
export const isExecuted = (path: string): boolean =>
  path === 'package.json' || path.startsWith('bin/') || (path.startsWith('dist/') && !path.startsWith('dist/types/'))

export function manifestStatement(name: string, version: string, files: readonly PackageFile[]): UnsignedStatement {
  return {
    predicateType: packagePredicate,
    subject: files.map(({ path, sha256, size, executable }) => ({
      name: path,
      digest: { sha256 },
      annotations: { size, mode: executable ? '0755' : '0644' },
    })),
    predicate: { name, version },
  }
}

/** `payload` is signed. Throws a UserError that begins with `where`. */
export function parseManifest(payload: Buffer, where: string): PackageManifest {
  const statement = readJsonObject(payload, where)
  if (textMember(statement, 'predicateType') !== packagePredicate)
    throw new UserError(`${where} is no manifest of a package: its predicateType must be "${packagePredicate}"`)
  const subject = getOwn(statement, 'subject')
  if (!Array.isArray(subject) || subject.length > maxFiles) throw new UserError(`${where} must list at most ${maxFiles} files`)
  const predicate = objectMember(statement, 'predicate') ?? {}
  const files = new Map<string, PackageFile>()
  for (const entry of subject) {
    const file = fileOf(entry, where)
    if (files.has(file.path)) throw new UserError(`${where} lists "${file.path}" twice`)
    files.set(file.path, file)
  }
  return { name: textMember(predicate, 'name') ?? '', version: textMember(predicate, 'version') ?? '', files }
}

function fileOf(entry: unknown, where: string): PackageFile {
  const object = isJsonObject(entry) ? entry : {}
  const path = textMember(object, 'name') ?? ''
  const sha256 = textMember(objectMember(object, 'digest') ?? {}, 'sha256') ?? ''
  const annotations = objectMember(object, 'annotations') ?? {}
  const [size, mode] = [getOwn(annotations, 'size'), textMember(annotations, 'mode')]
  if (!isSafePath(path) || !/^[0-9a-f]{64}$/.test(sha256) || typeof size !== 'number' || (mode !== '0644' && mode !== '0755'))
    throw new UserError(`${where} has an entry that is no file with path, sha256, size and mode`)
  return { path, sha256, size, executable: mode === '0755' }
}

/** Stays within the folder. */
const isSafePath = (path: string): boolean =>
  path !== '' && !path.includes('\0') && !path.includes('\\') && path.split('/').every(part => part !== '' && part !== '.' && part !== '..')
