// The files of an OCI layout in a folder. Links are not followed: a layout has none, and one could lead out of it.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { cannotRead, codeOf } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'
import { filePieces } from './file-pieces.ts'
import type { LayoutFile, LayoutFiles } from './layout-files.ts'

export function folderFiles(folder: string, name: string): LayoutFiles {
  return {
    name: writeJson(name),
    file: path => folderFile(join(folder, path)),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** Undefined if the file is missing. Rejects with a UserError if it is no regular file, or not readable. */
async function folderFile(path: string): Promise<LayoutFile | undefined> {
  const size = await sizeOf(path)
  if (size === undefined) return undefined
  return {
    size,
    async *content(signal) {
      await using handle = await openFile(path)
      yield* filePieces(handle, 0, size, signal)
    },
  }
}

// A pipe without a writer would never open without O_NONBLOCK.
const openFile = async (path: string) => await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    await using handle = await openFile(path)
    const stat = await handle.stat()
    if (!stat.isFile()) throw cannotRead(path, Object.assign(new Error(), { code: stat.isDirectory() ? 'EISDIR' : 'ENXIO' }))
    return stat.size
  } catch (err) {
    if (codeOf(err) === 'ENOENT' || codeOf(err) === 'ENOTDIR') return undefined
    throw cannotRead(path, err)
  }
}
