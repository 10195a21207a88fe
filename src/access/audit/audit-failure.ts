// Why a record is not on disk.
import { failsBy } from '../../base/files/errno.ts'

/** `message` is for clients; the cause with its path is for the log. */
export class AuditFailure extends Error {
  constructor(why: string, options?: ErrorOptions) {
    super(why, options)
    this.name = 'AuditFailure'
  }
}

export function auditFailure(cause: unknown): AuditFailure {
  return new AuditFailure(whyOf(cause), { cause })
}

/** Another program has changed the file that is being written. */
export class LogTampered extends Error {
  constructor(what: string) {
    super(what)
    this.name = 'LogTampered'
  }
}

function whyOf(cause: unknown): string {
  if (cause instanceof LogTampered) return 'the audit log was removed or cut while it was written'
  if (failsBy(cause, 'ENOSPC')) return 'no space is left for the audit log'
  if (failsBy(cause, 'EDQUOT')) return 'the quota of the audit log is used up'
  if (failsBy(cause, 'EIO')) return 'the disk under the audit log fails'
  if (failsBy(cause, 'EROFS')) return 'the disk under the audit log is read-only'
  return 'the audit log cannot be written'
}
