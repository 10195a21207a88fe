// Reads and validates the audit policy before anything starts, so that an invalid file gives a message and not a server that dies.
import type { AuditPolicy } from '../../access/audit/policy.ts'
import type { Config } from '../../base/config/config.ts'
import { readSettingsText } from './settings-text.ts'

/** Undefined if no file is set. */
export async function auditPolicyOf({ auditPolicyFile: file }: Pick<Config, 'auditPolicyFile'>): Promise<AuditPolicy | undefined> {
  if (file === undefined) return undefined
  const text = readSettingsText(file, `the audit policy "${file}"`)
  // Loaded only if needed, because it brings the whole schema.
  const { readAuditPolicy } = await import('../../access/audit/read-policy.ts')
  return readAuditPolicy(text, file)
}
