// The latest use of a break-glass credential, or of its group by impersonation, as the server recorded it.
import { type BreakGlassUse, breakGlassRecord } from '../../api/credentials/break-glass-record.ts'
import type { Client } from '../../client/client.ts'
import { configMaps } from '../../client/resources.ts'

/** Undefined if none is recorded. */
export async function breakGlassUse(client: Client, signal: AbortSignal): Promise<BreakGlassUse | undefined> {
  const { namespace, name } = breakGlassRecord
  // A list, because a 404 of this command would be what `bulkhead why` shows as the latest refusal.
  const { items } = await client.list(configMaps, { namespace, fieldSelector: `metadata.name=${name}` }, signal)
  const [record] = items
  if (record === undefined) return undefined
  const { time = 'an unknown time', user = 'unknown', address = 'unknown', credential = 'unknown', actingAs = '' } = record.data ?? {}
  return { time, user, address, credential, actingAs }
}

export const breakGlassText = (use: BreakGlassUse | undefined): string =>
  use === undefined
    ? 'never used'
    : `used at ${use.time} from ${use.address} by ${use.user}${use.actingAs === '' ? '' : `, acting as ${use.actingAs} of system:masters`}`
