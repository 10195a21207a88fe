// A cluster is ready when pods can be created: the default namespace then has its ServiceAccount, which a controller creates.
import { ApiError, isReason } from '../../api/status.ts'
import { type Clock, pause } from '../../base/clock.ts'
import type { Client } from '../../client/client.ts'
import { serviceAccounts } from '../../client/resources.ts'

const pollMs = 20

/** Resolves when the account exists, or with the signal. */
export const untilAdmissible = (client: Client, clock: Clock, signal: AbortSignal): Promise<void> =>
  untilAnswered(() => client.get(serviceAccounts, 'default', 'default', signal), clock, signal)

/** Retries until there is an answer, or until the signal. Rejects with an error that a retry would not change. */
export async function untilAnswered(ask: () => Promise<unknown>, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await ask()
      return
    } catch (err) {
      if (signal.aborted) return
      if (isFinal(err)) throw err
    }
    await pause(clock, pollMs, signal)
  }
}

/** A server that dies, is busy or has a full disk is restarted or recovers, so the cluster goes on. */
function isFinal(err: unknown): boolean {
  return err instanceof ApiError && err.status.code < 500 && !isReason(err, 'NotFound') && !isReason(err, 'TooManyRequests')
}
