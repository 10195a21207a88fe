// Replaces all files of a volume at once, as upstream's AtomicWriter: writes a timestamped folder and renames `..data` to it in one step.
// Readers see the old set or the new one. User-visible names are links through `..data` and change only if a top-level name does.
import { randomBytes } from 'node:crypto'
import { chmod, lchown, mkdir, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'

export interface VolumeFile {
  readonly content: Buffer
  /** Permission bits. */
  readonly mode: number
  /** Owner if it is not root: a service account token for a pod that runs as one uid. */
  readonly uid?: number
}

/** Relative path -> file. */
export type VolumeFiles = ReadonlyMap<string, VolumeFile>

/** Resolves with whether anything changed. `gid` is the pod's fsGroup. Rejects for a path that leaves the volume. */
export async function writeAtomically(directory: string, files: VolumeFiles, gid: number | undefined): Promise<boolean> {
  for (const path of files.keys()) checkPath(path)
  // It does not exist before the first write.
  const current = await readlink(join(directory, '..data')).catch(() => undefined)
  if (current !== undefined && (await holds(join(directory, current), files))) {
    // The last try may have stopped after the content and before the links.
    await linkNames(directory, files)
    return false
  }
  const folder = `..${new Date().toISOString().replace(/[-:T]/g, '_').slice(0, 19)}.${randomBytes(4).readUInt32BE()}`
  const target = join(directory, folder)
  try {
    await fillFolder(target, files, gid)
    await leadTo(directory, folder)
  } catch (err) {
    // The next try writes another folder: on a full disk, this one would take the remaining space.
    await rm(target, { recursive: true, force: true }).catch(() => undefined)
    throw err
  }
  await linkNames(directory, files)
  if (current !== undefined) await rm(join(directory, current), { recursive: true, force: true })
  return true
}

async function fillFolder(target: string, files: VolumeFiles, gid: number | undefined): Promise<void> {
  await mkdir(target, { mode: 0o755 })
  await chmod(target, 0o755)
  for (const [path, { content, mode, uid }] of files) {
    const file = join(target, path)
    await mkdir(dirname(file), { recursive: true, mode: 0o755 })
    await writeFile(file, content, { mode: 0o600, flag: 'wx' })
    // fsGroup exists so that the group can read.
    const bits = gid === undefined ? mode : mode | 0o440
    if (gid !== undefined || uid !== undefined) await lchown(file, uid ?? 0, gid ?? 0)
    await chmod(file, bits)
  }
}

/** Replaces the link in one step. */
async function leadTo(directory: string, folder: string): Promise<void> {
  await symlink(folder, join(directory, '..data_tmp')).catch(async (err: NodeJS.ErrnoException) => {
    if (err.code !== 'EEXIST') throw err
    await rm(join(directory, '..data_tmp'))
    await symlink(folder, join(directory, '..data_tmp'))
  })
  await rename(join(directory, '..data_tmp'), join(directory, '..data'))
}

/** Throws unless the path stays inside and does not collide with the writer's own names. */
export function checkPath(path: string): void {
  const segments = path.split('/')
  const bad = path === '' || isAbsolute(path) || segments.some(segment => segment === '..' || segment === '' || segment === '.')
  if (bad || path.startsWith('..')) throw new Error(`invalid path: must be relative and inside of the volume: ${path}`)
}

async function linkNames(directory: string, files: VolumeFiles): Promise<void> {
  const wanted = new Set([...files.keys()].map(path => path.split('/')[0] ?? ''))
  const there = new Set((await readdir(directory)).filter(name => !name.startsWith('..')))
  for (const name of wanted) if (!there.has(name)) await symlink(join('..data', name), join(directory, name))
  for (const name of there) if (!wanted.has(name)) await rm(join(directory, name), { recursive: true, force: true })
}

async function holds(directory: string, files: VolumeFiles): Promise<boolean> {
  // Unreadable content counts as different, and is rewritten.
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  const names = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  if (names.length !== files.size) return false
  for (const [path, { content }] of files) {
    const there = await readFile(join(directory, path)).catch(() => undefined)
    if (there === undefined || !there.equals(content)) return false
  }
  return true
}
