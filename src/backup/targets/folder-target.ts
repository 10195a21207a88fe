// A folder, which may be a mounted file system of another machine.
import { constants } from 'node:fs'
import { link, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { syncToDisk } from '../../base/files/sync-to-disk.ts'
import { codeOf, messageOf, UserError } from '../../base/user-error.ts'
import { BackupFault } from '../backup-fault.ts'
import { linksFolder, packsFolder, reportsFolder, requireName, type Target } from './target.ts'
import type { TargetKind } from './target-kind.ts'

export const folderKind: TargetKind = {
  field: 'folder',
  prepare(value, where) {
    if (typeof value !== 'string' || !isAbsolute(value)) throw new UserError(`${where} must be an absolute path, such as /mnt/backup`)
    return () => openFolderTarget(value)
  },
  writes: value => (typeof value === 'string' ? [value] : []),
}

const folders = [linksFolder, packsFolder, reportsFolder]
let temporary = 0

/** The folder must exist: a file system that is not mounted must not be filled in its place. */
export async function openFolderTarget(path: string): Promise<Target> {
  const place = `the folder "${path}"`
  const run = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (err) {
      if (err instanceof BackupFault) throw err
      throw new BackupFault('target', `Cannot ${what} in ${place}: ${reasonOf(err)}`, { cause: err })
    }
  }
  await run('use the backups', async () => {
    if (!(await stat(path)).isDirectory()) throw new BackupFault('target', `Cannot use ${place}: it is not a folder`)
    for (const folder of folders) await mkdir(join(path, folder), { recursive: true, mode: 0o700 })
  })
  return {
    place,
    put: (name, content) =>
      run(`write "${name}"`, async () => {
        requireName(name)
        const file = join(path, name)
        const unfinished = join(path, `.${process.pid}-${temporary++}.part`)
        try {
          await writeSynced(unfinished, content)
          // A link fails if the name exists: nothing is ever replaced.
          await link(unfinished, file)
        } catch (err) {
          if (codeOf(err) !== 'EEXIST') throw err
          if (!(await isContent(file, content)))
            throw new BackupFault('target', `"${name}" in ${place} exists with another content: another process writes there`, {
              cause: err,
            })
        } finally {
          await rm(unfinished, { force: true })
        }
        await syncToDisk(join(path, name, '..'))
      }),
    get: (name, maxBytes) =>
      run(`read "${name}"`, async () => {
        requireName(name)
        return await read(join(path, name), maxBytes)
      }),
    list: folder =>
      run(`list "${folder}"`, async () => {
        const entries = await readdir(join(path, folder), { withFileTypes: true })
        return entries.flatMap(entry => (entry.isFile() ? [`${folder}/${entry.name}`] : [])).sort()
      }),
    remove: name =>
      run(`remove "${name}"`, async () => {
        requireName(name)
        await rm(join(path, name), { force: true })
      }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

async function writeSynced(path: string, content: Buffer): Promise<void> {
  await using file = await open(path, 'wx', 0o600)
  await file.writeFile(content)
  await file.sync()
}

async function isContent(path: string, content: Buffer): Promise<boolean> {
  return (await read(path, content.length))?.equals(content) === true
}

async function read(path: string, maxBytes: number): Promise<Buffer | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
    const { size } = await file.stat()
    if (size > maxBytes) throw new BackupFault('damaged', `"${path}" has ${size} bytes, more than the ${maxBytes} that it may have`)
    return await file.readFile()
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return undefined
    throw err
  }
}

function reasonOf(err: unknown): string {
  switch (codeOf(err)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'it is full: free some space, or keep fewer backups'
    case 'ENOENT':
      return 'it does not exist: create it, or mount its file system'
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'this user may not do that there'
    default:
      return messageOf(err)
  }
}
