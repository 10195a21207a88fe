// A TUF repository in a folder, as a mirror keeps it: metadata in the folder or in `metadata/`, targets in `targets/`.
import { constants } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { cannotRead, codeOf, UserError } from '../../base/user-error.ts'
import { type JsonObject, readJsonObject } from '../../supply-chain/signatures/read-json.ts'
import { type TufFiles, tufLimits } from '../../supply-chain/signatures/tuf/update-tuf.ts'

/** Names of files and targets; anything else could lead out of the folder. */
const safePath = /^[A-Za-z0-9_%~+-][A-Za-z0-9._%~+-]*(?:\/[A-Za-z0-9_%~+-][A-Za-z0-9._%~+-]*)*$/

/** Rejects with a UserError if the folder is not there. */
export async function tufFolder(folder: string): Promise<TufFiles> {
  const nested = join(folder, 'metadata')
  const metadata = (await isFolder(nested)) ? nested : folder
  if (!(await isFolder(metadata))) throw new UserError(`"${folder}" is no folder with a TUF repository`)
  return {
    metadata: (name, maxBytes) => readBounded(metadata, name, maxBytes),
    target: (path, maxBytes) => readBounded(join(folder, 'targets'), path, maxBytes),
  }
}

/** The oldest root that the folder has: whoever imports it trusts the folder. Rejects with a UserError if there is none. */
export async function firstRoot(files: TufFiles, folder: string, signal: AbortSignal): Promise<JsonObject> {
  for (const name of ['1.root.json', 'root.json']) {
    const bytes = await files.metadata(name, tufLimits.root, signal)
    if (bytes !== undefined) return readJsonObject(bytes, `"${name}" of "${folder}"`)
  }
  throw new UserError(`"${folder}" has neither 1.root.json nor root.json: name the first trusted root with --root`)
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (err) {
    if (codeOf(err) === 'ENOENT' || codeOf(err) === 'ENOTDIR') return false
    throw cannotRead(path, err)
  }
}

/** Undefined if there is no such file. */
export async function readBounded(folder: string, name: string, maxBytes: number): Promise<Uint8Array | undefined> {
  if (!safePath.test(name)) throw new UserError(`"${name.slice(0, 200)}" is no name of a file in a TUF repository`)
  const path = join(folder, name)
  try {
    // Opening a pipe without a writer would never end.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const found = await file.stat()
    if (!found.isFile()) throw new UserError(`"${path}" is no regular file`)
    if (found.size > maxBytes) throw new UserError(`"${path}" has ${found.size} bytes, at most ${maxBytes} are read`)
    return await file.readFile()
  } catch (err) {
    if (codeOf(err) === 'ENOENT' || codeOf(err) === 'ENOTDIR') return undefined
    throw cannotRead(path, err)
  }
}
