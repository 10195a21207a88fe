// The audit log of a restored cluster: the old one is kept as evidence below the folder of the new one, which begins with the old one's end.
import { join } from 'node:path'
import type { LinkFile } from '../../base/backup/backup-link.ts'

/** Below the folder of the audit log. */
const olderLogs = 'older'

/** Where the log before a restore is kept: named after the log, else after the backup that had it. */
export function olderLogFolder(auditKeys: string | undefined, backup: number): string {
  const [, id] = /^bulkhead\.dev\/audit\/([0-9a-f]{16})\/root\+/m.exec(auditKeys ?? '') ?? []
  return join(olderLogs, id ?? `backup-${backup}`)
}

/** The place of a file of the backed up log: logs that were old already stay where they were. */
export const restoredAuditPath = ({ name }: Pick<LinkFile, 'name'>, folder: string): string =>
  name.startsWith(`${olderLogs}/`) ? name : join(folder, name)
