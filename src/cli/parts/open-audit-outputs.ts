// Witnesses and sinks of the audit log, loaded only if there are some.
import type { AuditLog } from '../../access/audit/audit-log.ts'
import type { AuditOutputs } from '../../access/audit/outputs/audit-outputs.ts'
import type { AuditOutputsSettings } from '../../access/audit/outputs/audit-outputs-settings.ts'
import { systemClock } from '../../base/clock.ts'
import { parseKey } from '../../base/tlog/note.ts'
import type { ServeApiOptions } from './serve-api.ts'
import { auditFolder } from './server.ts'

export async function openAuditOutputs(
  outputs: AuditOutputsSettings,
  { audit, signer, settings, signal }: Pick<ServeApiOptions, 'signer' | 'settings' | 'signal'> & { readonly audit: AuditLog },
): Promise<AuditOutputs> {
  const { AuditOutputs } = await import('../../access/audit/outputs/audit-outputs.ts')
  const { logKey } = await signer.auditKey(signal)
  return await AuditOutputs.open({
    ...{ settings: outputs, directory: auditFolder(settings.directory), alarms: audit.alarms, clock: systemClock },
    logKey: parseKey(logKey),
  })
}
