// The audit policy, read and judged before anything starts: a bad file is a message, not a server that dies.
import { readFileSync, statSync } from 'node:fs'
import type { AuditPolicy } from '../../access/audit/policy.ts'
import type { Config } from '../../base/config.ts'
import { UserError, whyUnreadable } from '../../base/user-error.ts'

const maxAuditPolicyBytes = 1024 * 1024

/** Undefined where none is named. */
export async function auditPolicyOf({ auditPolicyFile: file }: Pick<Config, 'auditPolicyFile'>): Promise<AuditPolicy | undefined> {
  if (file === undefined) return undefined
  let text: string
  try {
    if (statSync(file).size > maxAuditPolicyBytes) throw new UserError(`it has more than ${maxAuditPolicyBytes} bytes`)
    text = readFileSync(file, 'utf8')
  } catch (err) {
    throw new UserError(`Cannot read the audit policy "${file}": ${whyUnreadable(err)}`, { cause: err })
  }
  // Brings the whole schema with it, which a supervisor without a policy need not keep.
  const { readAuditPolicy } = await import('../../access/audit/read-policy.ts')
  return readAuditPolicy(text, file)
}
