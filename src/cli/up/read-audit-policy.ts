// The audit policy, read and judged before anything starts: a bad file is a message, not a server that dies.
import type { AuditPolicy } from '../../access/audit/policy.ts'
import type { Config } from '../../base/config.ts'
import { readSettingsText } from './settings-text.ts'

/** Undefined where none is named. */
export async function auditPolicyOf({ auditPolicyFile: file }: Pick<Config, 'auditPolicyFile'>): Promise<AuditPolicy | undefined> {
  if (file === undefined) return undefined
  const text = readSettingsText(file, `the audit policy "${file}"`)
  // Brings the whole schema with it, which a supervisor without a policy need not keep.
  const { readAuditPolicy } = await import('../../access/audit/read-policy.ts')
  return readAuditPolicy(text, file)
}
