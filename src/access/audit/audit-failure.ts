// Why a record is not on disk.
import { constants } from 'node:os'

/** `message` is for a client; the cause, with its path, for the log. */
export class AuditFailure extends Error {
  constructor(why: string, options?: ErrorOptions) {
    super(why, options)
    this.name = 'AuditFailure'
  }
}

const { ENOSPC, EDQUOT } = constants.errno

/** By the number: Node has no code for a quota. */
const whys: ReadonlyMap<unknown, string> = new Map([
  [-ENOSPC, 'no space is left for the audit log'],
  [-EDQUOT, 'the quota of the audit log is used up'],
])

export function auditFailure(cause: unknown): AuditFailure {
  const errno = cause instanceof Error && 'errno' in cause ? cause.errno : undefined
  return new AuditFailure(whys.get(errno) ?? 'the audit log cannot be written', { cause })
}
