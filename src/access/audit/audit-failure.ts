// Why a record is not on disk.
import { codeOf } from '../../base/user-error.ts'

/** `message` is for a client; the cause, with its path, for the log. */
export class AuditFailure extends Error {
  constructor(why: string, options?: ErrorOptions) {
    super(why, options)
    this.name = 'AuditFailure'
  }
}

const whys: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left for the audit log',
  EDQUOT: 'the quota of the audit log is used up',
}

export const auditFailure = (cause: unknown): AuditFailure =>
  new AuditFailure(whys[codeOf(cause)] ?? 'the audit log cannot be written', { cause })
