// Key files on disk: created once, readable only by their owner, and refused if anyone else could have read them.
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../base/files/replace-file.ts'
import { syncToDisk } from '../base/files/sync-to-disk.ts'

/** The folder or a key file could be read by others; the message names it and the required mode. */
export class UnsafeKeyFile extends Error {
  readonly path: string
  constructor(path: string, why: string) {
    super(`Cannot use "${path}": ${why}`)
    this.name = 'UnsafeKeyFile'
    this.path = path
  }
}

export interface KeyFolder {
  /** Undefined if the file does not exist. */
  read(name: string): Promise<Buffer | undefined>
  /** Writes a file durably and replaces an existing one. */
  write(name: string, content: Buffer | string): Promise<void>
  /** As `write`, and overwrites what the old file held. */
  replaceSecret(name: string, content: Buffer | string): Promise<void>
  /** Overwrites the file before it goes, durably. A missing file is success. */
  erase(name: string): Promise<void>
  names(): Promise<readonly string[]>
}

/** Opens the folder; creates it with mode 0700 if missing. */
export async function openKeyFolder(directory: string): Promise<KeyFolder> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const info = await stat(directory)
  if (!info.isDirectory()) throw new UnsafeKeyFile(directory, 'it is not a folder')
  checkRights(directory, info, 0o700)
  return {
    async read(name) {
      const path = join(directory, name)
      // Never follows a link, because the mode of its target's folder is unknown.
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((err: NodeJS.ErrnoException) => {
        if (err.code === 'ENOENT') return undefined
        if (err.code === 'ELOOP') throw new UnsafeKeyFile(path, 'it is a symbolic link and must be a file')
        throw err
      })
      if (file === undefined) return undefined
      try {
        const found = await file.stat()
        if (!found.isFile()) throw new UnsafeKeyFile(path, 'it is not a file')
        checkRights(path, found, 0o600)
        return await file.readFile()
      } finally {
        await file.close()
      }
    },
    write: (name, content) => replaceFile(join(directory, name), content),
    async replaceSecret(name, content) {
      const old = await openOld(join(directory, name))
      try {
        await replaceFile(join(directory, name), content)
        await overwrite(old)
      } finally {
        await old.close()
      }
    },
    async erase(name) {
      const path = join(directory, name)
      const old = await openOld(path).catch((err: NodeJS.ErrnoException) => {
        if (err.code === 'ENOENT') return undefined
        throw err
      })
      if (old === undefined) return
      try {
        await overwrite(old)
      } finally {
        await old.close()
      }
      await rm(path, { force: true })
      await syncToDisk(directory)
    },
    names: () => readdir(directory),
  }
}

function checkRights(path: string, { mode, uid }: { readonly mode: number; readonly uid: number }, wanted: number): void {
  const octal = (bits: number) => `0${(bits & 0o777).toString(8)}`
  if ((mode & 0o077) !== 0) throw new UnsafeKeyFile(path, `its mode is ${octal(mode)} and must be ${octal(wanted)}`)
  const own = process.geteuid?.()
  if (own !== undefined && uid !== own) throw new UnsafeKeyFile(path, `it belongs to user ${uid} and must belong to user ${own}`)
}

const openOld = (path: string): Promise<FileHandle> => open(path, constants.O_RDWR | constants.O_NOFOLLOW)

/** Its blocks become free, and keep what they hold until they are used again. */
async function overwrite(file: FileHandle): Promise<void> {
  await file.write(Buffer.alloc((await file.stat()).size), 0, undefined, 0)
  await file.sync()
}
