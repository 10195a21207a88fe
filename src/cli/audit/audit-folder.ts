// Where the log is that a command reads, and the keys by which it is verified: of a cluster on this machine, or a copy with its keys.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { SeenTree } from '../../access/audit/verify-log.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { parseCheckpoint } from '../../base/tlog/checkpoint.ts'
import { originOf, rootKeyName } from '../../base/tlog/epoch-certificate.ts'
import { isSignedBy, MalformedNote, type NoteKey, parseKey, parseNote } from '../../base/tlog/note.ts'
import { codeOf, UserError } from '../../base/user-error.ts'
import { readRegularFile } from '../check/regular-file.ts'
import { findDataDirectory } from '../connection/find-cluster.ts'

export interface LogSource {
  /** The data directory of a cluster on this machine. */
  readonly dataDir?: string
  /** A folder with a copy of `server/audit`, as `bulkhead audit export` makes. */
  readonly log?: string
}

export interface AuditFlags extends LogSource {
  /** A copy of `audit.pub`. */
  readonly key?: string
}

export interface LogKeys {
  readonly rootKey: NoteKey
  readonly logKey: NoteKey
}

const maxKeysBytes = 4096
const maxNoteBytes = 1 << 20

export function auditFolderOf({ dataDir, log }: LogSource): string {
  if (dataDir !== undefined && log !== undefined) throw new UserError('Give either --data-dir or --log: both name the log')
  const folder = log ?? join(findDataDirectory(dataDir).server, 'audit')
  if (!existsSync(folder))
    throw new UserError(`There is no audit log "${folder}": name a data directory with --data-dir, or a copy with --log`)
  return folder
}

/** Throws a `UserError` if there are none. */
export function keysOf(flags: AuditFlags): LogKeys {
  const copied = flags.log === undefined ? undefined : join(flags.log, 'audit.pub')
  const path = flags.key ?? (copied !== undefined && existsSync(copied) ? copied : findDataDirectory(flags.dataDir).auditKeys)
  // A copy that names its own keys would be trusted for nothing.
  if (flags.key === undefined && flags.log !== undefined)
    throw new UserError(
      'Name the keys of the log with --key FILE: a copy of audit.pub that you have from the cluster itself, and not from this folder',
    )
  if (!existsSync(path))
    throw new UserError(`There are no keys "${path}": start the cluster once with "bulkhead up", or name a copy with --key`)
  return parseKeys(readRegularFile(path, { maxBytes: maxKeysBytes, followLinks: true }), path)
}

function parseKeys(text: string, path: string): LogKeys {
  try {
    const keys = text
      .split('\n')
      .filter(line => line.trim() !== '')
      .map(parseKey)
    const root = keys.find(({ name }) => name.endsWith('/root'))
    const origin = root && originOf(root.publicKey)
    const logKey = keys.find(({ name }) => name === origin)
    if (root === undefined || origin === undefined || logKey === undefined || root.name !== rootKeyName(origin))
      throw new MalformedNote('it has no root key and key of one log')
    return { rootKey: root, logKey }
  } catch (err) {
    if (!(err instanceof MalformedNote)) throw err
    throw new UserError(`Cannot use "${path}": it must have the two keys that "bulkhead audit key" prints`, { cause: err })
  }
}

/** Checkpoints that someone kept. Throws a `UserError` for one that the log's key did not sign. */
export function readSeen(files: readonly string[], { logKey }: LogKeys): SeenTree[] {
  return files.map(file => {
    try {
      const note = parseNote(readRegularFile(file, { maxBytes: maxNoteBytes, followLinks: true }))
      const { origin, size, root } = parseCheckpoint(note.text)
      if (origin !== logKey.name) throw new MalformedNote(`it is a checkpoint of the log "${origin}"`)
      if (isSignedBy(note, logKey) !== true) throw new MalformedNote('the key of the log did not sign it')
      return { by: `the checkpoint in "${file}"`, size, root }
    } catch (err) {
      if (!(err instanceof MalformedNote)) throw err
      throw new UserError(`Cannot use the checkpoint "${file}": ${err.message}`, { cause: err })
    }
  })
}

/** What the signer of a cluster on this machine signed last, if this user can read that. */
export function signerMemory({ dataDir, log }: AuditFlags): SeenTree[] {
  if (log !== undefined) return []
  try {
    const head = parseJson(readRegularFile(join(findDataDirectory(dataDir).signer, 'audit-head.json'), { maxBytes: maxNoteBytes }))
    if (!isJsonObject(head) || typeof head['size'] !== 'number') return []
    return [{ by: 'the signer', size: head['size'], root: Buffer.from(String(head['root']), 'base64') }]
  } catch (err) {
    // Not of this user, or a signer that has signed nothing.
    if (err instanceof UserError && ['EACCES', 'ENOENT'].includes(codeOf(err.cause))) return []
    throw err
  }
}
