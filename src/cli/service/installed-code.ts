// Where a service runs from: a copy of the package and of Node that only root may change, because what npm caches or a developer builds may go away.
import {
  chmodSync,
  constants,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { syncToDisk } from '../../base/files/sync-to-disk.ts'
import { codeOf, UserError } from '../../base/user-error.ts'
import { entryScript } from '../up/entry-script.ts'

/** Of a running package or clone. */
export interface Build {
  /** For example `0.1.0-a8afc7dcec269dff`. */
  readonly id: string
  readonly root: string
  /** Published packages verify their own files before they run. */
  readonly isPackage: boolean
}

/** What of a clone a copy needs; a published package is copied whole. */
const cloneFiles = ['package.json', 'examples', 'LICENSE']

/** Throws a UserError for a process that does not run from a build. */
export function runningBuild(version: string): Build {
  const script = entryScript()
  const folder = dirname(script)
  const root = dirname(dirname(folder))
  if (basename(dirname(folder)) !== 'dist')
    throw new UserError('A service needs a build: run "npm run build", then this again with "bin/bulkhead.mjs"')
  return { id: `${version}-${basename(folder)}`, root, isPackage: existsSync(join(root, 'bin', 'check-package.mjs')) }
}

/** Node and the script of the copy. */
export const commandOf = (library: string, isPackage: boolean): readonly [string, string] => [
  join(library, 'current', 'node'),
  join(library, 'current', isPackage ? 'bin/bulkhead.mjs' : 'dist/cli.js'),
]

/** Copies the build into the library unless it is there; synced and renamed, so that no crash leaves an incomplete one. */
export async function copyBuild({ id, root, isPackage }: Build, library: string): Promise<void> {
  const target = join(library, id)
  if (existsSync(target)) return
  const draft = `${target}.new`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft)
  const build = join('dist', basename(dirname(entryScript())))
  const names = isPackage ? readdirSync(root) : [...cloneFiles, join('dist', 'cli.js'), join('dist', 'package.json'), build]
  for (const name of names.filter(name => existsSync(join(root, name))))
    cpSync(join(root, name), join(draft, name), { recursive: true, filter: path => !skipped(relative(root, path)) })
  copyFileSync(process.execPath, join(draft, 'node'), constants.COPYFILE_FICLONE)
  for (const entry of readdirSync(draft, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    chmodSync(path, entry.isDirectory() || path === join(draft, 'node') ? 0o755 : 0o644)
    await syncToDisk(path)
  }
  chmodSync(draft, 0o755)
  renameSync(draft, target)
  await syncToDisk(library)
}

const skipped = (path: string): boolean => /(?:^|\/)(?:node_modules|\.compile-cache)(?:\/|$)|\.map$/.test(path)

/** Makes `current` lead to the build, in one step. */
export async function switchTo(library: string, id: string): Promise<void> {
  const draft = join(library, 'current.new')
  rmSync(draft, { force: true })
  symlinkSync(id, draft)
  renameSync(draft, join(library, 'current'))
  await syncToDisk(library)
}

/** The id of the build that `current` leads to. */
export function currentBuild(library: string): string | undefined {
  try {
    return readlinkSync(join(library, 'current'))
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return undefined
    throw err
  }
}

/** Removes copies other than these. */
export function removeOtherBuilds(library: string, kept: readonly string[]): void {
  for (const entry of readdirSync(library, { withFileTypes: true }))
    if (entry.isDirectory() && !kept.includes(entry.name)) rmSync(join(library, entry.name), { recursive: true, force: true })
}
