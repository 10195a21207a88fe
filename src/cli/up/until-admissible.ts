// A cluster is ready for its user when a pod may be made: the default namespace needs its ServiceAccount, which a controller makes.
import { isReason } from '../../api/status.ts'
import { type Clock, pause } from '../../base/clock.ts'
import { Client } from '../../client/client.ts'
import { createHttpTransport } from '../../client/http-transport.ts'
import { serviceAccounts } from '../../client/resources.ts'
import type { AdminCredentials } from './admin-kubeconfig.ts'

const pollMs = 20

/** Resolves when the account is there, or with the signal. */
export async function untilAdmissible(
  server: string,
  { ca, certificate, key }: AdminCredentials,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  await using transport = createHttpTransport({ server, ca, certificate, key, userAgent: 'bulkhead-up' })
  const client = new Client(transport)
  while (!signal.aborted) {
    try {
      await client.get(serviceAccounts, 'default', 'default', signal)
      return
    } catch (err) {
      if (signal.aborted) return
      if (!isReason(err, 'NotFound')) throw err
    }
    await pause(clock, pollMs, signal)
  }
}
