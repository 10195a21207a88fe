// `/bulkhead/v1/backup/audit`: the files of the audit log as they lie on disk, for the part `backup`, which copies them without reading them.
import { constants, type Dirent } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { auditFilesPath, auditPieceBytes } from '../../../api/backup/change-feed.ts'
import { badRequest, notFound } from '../../../api/status.ts'
import { codeOf } from '../../../base/user-error.ts'
import { valueReply } from '../../answers/respond.ts'
import type { PathHandler } from '../../request/request-context.ts'

/** More than any audit log has; a folder with more is not one. */
const maxFiles = 100_000
/** Of a tile of an older log. */
const maxDepth = 6
/** No name that leaves the folder. */
const fileName = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}){0,5}$/

export interface AuditFile {
  readonly name: string
  readonly bytes: number
}

/** Without a folder the log is not on disk, and the list is empty. */
export function auditFilesHandler(directory: string | undefined): PathHandler {
  return async (context, path) => {
    if (path !== auditFilesPath) return undefined
    const file = context.query.get('file')
    if (file === undefined) return valueReply(context, { files: directory === undefined ? [] : await filesIn(directory, '', maxDepth) })
    const offset = Number(context.query.get('offset') ?? 0)
    if (!fileName.test(file)) throw badRequest('file must be the name of a file in the audit log, as the list shows it')
    if (!Number.isSafeInteger(offset) || offset < 0) throw badRequest('offset must be a number of bytes')
    const body = directory === undefined ? undefined : await pieceOf(join(directory, file), offset)
    if (body === undefined) throw notFound({ group: '', plural: 'auditfiles' }, file)
    return { status: 200, contentType: 'application/octet-stream', body }
  }
}

async function filesIn(directory: string, below: string, depth: number): Promise<AuditFile[]> {
  const found: AuditFile[] = []
  const entries = await readdir(join(directory, below), { withFileTypes: true })
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const name = below === '' ? entry.name : `${below}/${entry.name}`
    if (!fileName.test(name)) continue
    if (entry.isDirectory() && depth > 1) found.push(...(await filesIn(directory, name, depth - 1)))
    const bytes = await sizeOf(entry, join(directory, name))
    if (bytes !== undefined) found.push({ name, bytes })
    if (found.length > maxFiles) throw new Error(`the audit log has more than ${maxFiles} files`)
  }
  return found
}

/** Undefined for what is no file, or was removed since. */
async function sizeOf(entry: Dirent, path: string): Promise<number | undefined> {
  if (!entry.isFile()) return undefined
  try {
    return (await stat(path)).size
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return undefined
    throw err
  }
}

async function pieceOf(path: string, offset: number): Promise<Buffer | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
    const { bytesRead, buffer } = await file.read(Buffer.alloc(auditPieceBytes), 0, auditPieceBytes, offset)
    return buffer.subarray(0, bytesRead)
  } catch (err) {
    if (codeOf(err) === 'ENOENT' || codeOf(err) === 'ELOOP') return undefined
    throw err
  }
}
