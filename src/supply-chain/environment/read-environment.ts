// What this machine and a working tree are now: reads and hashes, and runs nothing but git.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { access, realpath, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { UserError } from '../../base/user-error.ts'
import { listFiles, readFiles } from '../release/read-files.ts'
import { archiveFiles } from './archive-files.ts'
import type { DependencyFacts, EnvironmentFacts, HashedFile, ToolFacts } from './environment-predicate.ts'
import { type LockedPackage, lockedPackages } from './lockfile-packages.ts'

export interface EnvironmentPlace {
  readonly folder: string
  /** Of the process: where tools are found. */
  readonly path: string
  /** `npm config get cache`. */
  readonly npmCache: string
  /** Leaves out the list of source files. */
  readonly summary: boolean
  readFile(path: string): Promise<Buffer>
}

/** Tools that decide what is built; each that is there is recorded. */
const toolNames = [
  'node',
  'npm',
  'git',
  'cc',
  'gcc',
  'g++',
  'clang',
  'ld',
  'make',
  'cmake',
  'go',
  'rustc',
  'cargo',
  'python3',
  'java',
  'docker',
  'buildah',
  'helm',
]
const lockfileNames: readonly string[] = [
  'package-lock.json',
  'npm-shrinkwrap.json',
  'yarn.lock',
  'pnpm-lock.yaml',
  'go.sum',
  'Cargo.lock',
  'poetry.lock',
  'uv.lock',
  'requirements.txt',
  'Gemfile.lock',
  'composer.lock',
]
const lockOfNpm = 'package-lock.json'
/** Of a source or dependency: programs have a hundred megabytes. */
const maxFileBytes = 4 * 1024 ** 3
const maxGitOutput = 64 * 1024 * 1024

/** Rejects with a UserError if something cannot be read. */
export async function readEnvironment(place: EnvironmentPlace): Promise<EnvironmentFacts> {
  const { folder, summary } = place
  const commit = await git(folder, 'rev-parse', 'HEAD')
  const tracked = await git(folder, 'ls-files', '-z')
  const paths = tracked === undefined ? await listFiles(folder, name => !/(?:^|\/)(?:node_modules|\.git)$/.test(name)) : split(tracked)
  const sources = await hashed(folder, paths)
  const locked = paths.includes(lockOfNpm) ? lockedPackages(await place.readFile(join(folder, lockOfNpm)), `"${lockOfNpm}"`) : []
  const installed = await readDependencies(place, locked)
  return {
    platform: `${process.platform}/${process.arch}`,
    node: process.version,
    ...(commit === undefined ? {} : { commit: commit.trim() }),
    modified: split((await git(folder, 'diff', '--name-only', '-z', 'HEAD')) ?? ''),
    tools: await findTools(place.path),
    lockfiles: sources.filter(({ path }) => lockfileNames.includes(path.split('/').at(-1) ?? '')),
    sources: { sha256: treeDigest(sources), count: sources.length, ...(summary ? {} : { files: sources }) },
    ...installed,
  }
}

const split = (text: string): string[] => text.split('\0').filter(part => part !== '')

/** Undefined where there is no commit. */
async function git(folder: string, ...words: string[]): Promise<string | undefined> {
  try {
    // Configuration of the working tree must start no program.
    const safe = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null']
    return (await promisify(execFile)('git', [...safe, ...words], { cwd: folder, maxBuffer: maxGitOutput })).stdout
  } catch {
    // No git, or no repository: then the files of the folder count.
    return undefined
  }
}

/** A link counts by where it leads, as programs read it; one that leads nowhere, or a file that is gone, has no hash. */
async function hashed(folder: string, paths: readonly string[]): Promise<HashedFile[]> {
  return (await readFiles(folder, paths, maxFileBytes)).map(file => ({
    path: file.path,
    sha256: 'problem' in file ? file.problem : file.sha256,
  }))
}

const treeDigest = (files: readonly HashedFile[]): string => {
  const hash = createHash('sha256')
  for (const { path, sha256 } of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) hash.update(`${sha256}  ${path}\n`)
  return hash.digest('hex')
}

async function readDependencies(
  { folder, npmCache }: EnvironmentPlace,
  locked: readonly LockedPackage[],
): Promise<Pick<EnvironmentFacts, 'dependencies' | 'changed'>> {
  const dependencies: DependencyFacts[] = []
  const changed: string[] = []
  for (const { path, version, integrity } of locked) {
    const root = join(folder, path)
    // Optional packages of other platforms are not installed.
    if (!(await isFolder(root))) continue
    const files = await hashed(root, await listFiles(root, name => name !== 'node_modules'))
    const archive = integrity === undefined ? undefined : await archiveFiles(npmCache, integrity)
    const facts = { path, version, ...(integrity === undefined ? {} : { integrity }), sha256: treeDigest(files) }
    dependencies.push({ ...facts, verified: archive === undefined ? 'none' : 'lockfile' })
    if (archive !== undefined) changed.push(...changesOf(path, files, archive))
  }
  return { dependencies, changed }
}

/** Programs write caches of their own below a package; what its archive has must be there as it is, and nothing else that is run. */
function changesOf(path: string, files: readonly HashedFile[], archive: ReadonlyMap<string, string>): string[] {
  const found = new Map(files.map(file => [file.path, file.sha256]))
  const code = /\.(?:[cm]?js|json|node|wasm|sh|py)$/
  return [
    ...[...archive].flatMap(([name, hash]) => {
      const now = found.get(name)
      if (now === hash) return []
      return [`"${path}/${name}" ${now === undefined ? 'is missing' : 'has other bytes than its archive'}`]
    }),
    ...[...found.keys()].filter(name => !archive.has(name) && code.test(name)).map(name => `"${path}/${name}" is not in its archive`),
  ]
}

const isFolder = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isDirectory() === true

async function findTools(path: string): Promise<ToolFacts[]> {
  const tools: ToolFacts[] = []
  for (const name of toolNames) {
    const found = await inPath(name, path)
    if (found === undefined) continue
    const target = await realpath(found)
    const [file] = await readFiles('/', [target.slice(1)], maxFileBytes)
    tools.push({ name, path: target, sha256: file === undefined ? '' : 'problem' in file ? file.problem : file.sha256 })
  }
  if (tools.length === 0) throw new UserError('No tool was found in PATH, not even node')
  return tools
}

async function inPath(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    if (folder === '') continue
    const file = join(folder, name)
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file
  }
  return undefined
}
