// The latest use of a break-glass credential, as the server recorded it.
import { type BreakGlassUse, breakGlassRecord } from '../../api/credentials/break-glass-record.ts'
import { isReason } from '../../api/status.ts'
import type { Client } from '../../client/client.ts'
import { configMaps } from '../../client/resources.ts'

/** Undefined if none is recorded. */
export async function breakGlassUse(client: Client, signal: AbortSignal): Promise<BreakGlassUse | undefined> {
  const { namespace, name } = breakGlassRecord
  try {
    const {
      time = 'an unknown time',
      user = 'unknown',
      address = 'unknown',
      credential = 'unknown',
    } = (await client.get(configMaps, namespace, name, signal)).data ?? {}
    return { time, user, address, credential }
  } catch (err) {
    if (isReason(err, 'NotFound')) return undefined
    throw err
  }
}

export const breakGlassText = (use: BreakGlassUse | undefined): string =>
  use === undefined ? 'never used' : `used at ${use.time} from ${use.address} by ${use.user}`
