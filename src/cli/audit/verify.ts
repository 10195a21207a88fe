// `bulkhead audit verify`: whether a log is whole and unchanged, by public keys alone.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { verifyLog } from '../../access/audit/verify-log.ts'
import { printable, printableJson } from '../terminal/printable.ts'
import { type AuditFlags, auditFolderOf, keysOf, readSeen, signerMemory } from './audit-folder.ts'

export interface VerifyAuditFlags extends AuditFlags {
  /** Checkpoints that someone kept, such as a witness. */
  readonly seen?: readonly string[]
  readonly output?: 'text' | 'json'
}

/** Returns the exit code: 0 whole, 1 not. */
export async function verifyAudit(flags: VerifyAuditFlags, print: (text: string) => void): Promise<number> {
  const folder = auditFolderOf(flags)
  const keys = keysOf(flags)
  const witnessed = join(folder, 'tlog', 'witnessed')
  const seen = [...signerMemory(flags), ...readSeen([...(flags.seen ?? []), ...(existsSync(witnessed) ? [witnessed] : [])], keys)]
  const begin = performance.now()
  const report = await verifyLog(folder, { ...keys, seen })
  const seconds = (performance.now() - begin) / 1000
  if (flags.output === 'json') print(printableJson({ ...report, whole: report.problems.length === 0, seconds }))
  else {
    print(
      `${report.size - report.first} records in ${report.files} files, ${report.epochs} epochs; signed up to record ${report.signedSize}`,
    )
    for (const problem of report.problems) print(`  ${printable(problem)}`)
    print(report.problems.length === 0 ? 'The log is whole and unchanged' : 'The log is NOT what was signed')
  }
  return report.problems.length === 0 ? 0 : 1
}
