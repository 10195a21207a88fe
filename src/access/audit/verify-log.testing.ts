// For tests: verifies a log and returns its events.
import { isJsonObject, parseJson } from '../../base/json.ts'
import { isEventLine } from './log-record.ts'
import { type VerifiedLog, type VerifyLogOptions, verifyLog } from './verify-log.ts'

export interface AuditLogReport extends VerifiedLog {
  readonly events: readonly Readonly<Record<string, unknown>>[]
}

export async function verifyAuditLog(directory: string, options: VerifyLogOptions = {}): Promise<AuditLogReport> {
  const events: Readonly<Record<string, unknown>>[] = []
  const report = await verifyLog(directory, {
    ...options,
    onRecord(line) {
      if (!isEventLine(line)) return
      const event = parseJson(line.toString('utf8'))
      if (isJsonObject(event)) events.push(event)
    },
  })
  return { ...report, events }
}
