// `bulkhead audit verify`: whether a log is whole and unchanged, by public keys alone.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { verifyLog } from '../../access/audit/verify-log.ts'
import { parseCheckpoint } from '../../base/tlog/checkpoint.ts'
import { cosignedAt } from '../../base/tlog/cosignature.ts'
import { MalformedNote, maxNoteBytes, type NoteKey, parseKey, parseNote } from '../../base/tlog/note.ts'
import { UserError } from '../../base/user-error.ts'
import { readRegularFile } from '../check/regular-file.ts'
import { printable, printableJson } from '../terminal/printable.ts'
import { type AuditFlags, auditFolderOf, keysOf, readSeen, signerMemory } from './audit-folder.ts'

export interface VerifyAuditFlags extends AuditFlags {
  /** Checkpoints that someone kept, such as a witness. */
  readonly seen?: readonly string[]
  /** Keys of witnesses, each of which must have cosigned a checkpoint of this log. */
  readonly witnessKey?: readonly string[]
  readonly output?: 'text' | 'json'
}

/** Returns the exit code: 0 whole, 1 not. */
export async function verifyAudit(flags: VerifyAuditFlags, print: (text: string) => void): Promise<number> {
  const folder = auditFolderOf(flags)
  const keys = keysOf(flags)
  const witnessed = join(folder, 'tlog', 'witnessed')
  const seen = [...signerMemory(flags), ...readSeen([...(flags.seen ?? []), ...(existsSync(witnessed) ? [witnessed] : [])], keys)]
  const begin = performance.now()
  const verified = await verifyLog(folder, { ...keys, seen })
  const cosigned = (flags.witnessKey ?? []).map(text => cosignedBy(text, witnessed))
  const report = { ...verified, problems: [...verified.problems, ...cosigned.flatMap(({ problem }) => problem ?? [])] }
  const seconds = (performance.now() - begin) / 1000
  if (flags.output === 'json') print(printableJson({ ...report, whole: report.problems.length === 0, seconds }))
  else {
    print(
      `${report.size - report.first} records in ${report.files} files, ${report.epochs} epochs; signed up to record ${report.signedSize}`,
    )
    for (const { seen: line } of cosigned) if (line !== undefined) print(`  ${printable(line)}`)
    for (const problem of report.problems) print(`  ${printable(problem)}`)
    print(report.problems.length === 0 ? 'The log is whole and unchanged' : 'The log is NOT what was signed')
  }
  return report.problems.length === 0 ? 0 : 1
}

/** Of the checkpoint in the file. Throws a `UserError` for what is no key. */
function cosignedBy(text: string, file: string): { readonly seen?: string; readonly problem?: string } {
  const { name, ...key } = witnessKey(text)
  const note = existsSync(file) ? parseNote(readRegularFile(file, { maxBytes: maxNoteBytes })) : undefined
  const seconds = note === undefined ? undefined : cosignedAt(note, { name, ...key })
  if (note === undefined || seconds === undefined) return { problem: `witness "${name}" did not cosign the checkpoint in "${file}"` }
  const { size } = parseCheckpoint(note.text)
  return { seen: `witness ${name} saw the first ${size} records at ${new Date(seconds * 1000).toISOString()}` }
}

function witnessKey(text: string): NoteKey {
  try {
    return parseKey(text)
  } catch (err) {
    if (!(err instanceof MalformedNote)) throw err
    throw new UserError(`--witness-key must be NAME+ID+KEY of a witness: ${err.message}`, { cause: err })
  }
}
