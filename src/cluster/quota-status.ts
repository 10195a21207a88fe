// Writes into the status of ResourceQuotas what the ledger knows, through the API as the quota controller. The counting is done where the
// objects are; many charges make one write.

import type { QuotaLedger } from '../admission/quota/ledger.ts'
import type { TrackedQuota } from '../admission/quota/tracked-quota.ts'
import { groupVersion } from '../api/object.ts'
import type { UserInfo } from '../api/user.ts'
import { type Clock, pause } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { InProcessTransport } from '../server/in-process.ts'

export const quotaController: UserInfo = {
  name: 'system:serviceaccount:kube-system:resourcequota-controller',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
}

/** Between two rounds of writes, so that a flood of objects costs a few writes a second and quota. */
const roundMs = 250
/** How often to look for what ends by time alone. */
const lookMs = 30_000

export interface QuotaStatusOptions {
  readonly ledger: QuotaLedger
  readonly transport: InProcessTransport
  readonly clock: Clock
  readonly log: Logger
}

/** Until the signal. */
export async function keepQuotaStatus({ ledger, transport, clock, log }: QuotaStatusOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const round = new AbortController()
    const until = AbortSignal.any([signal, round.signal])
    await Promise.race([ledger.stale(until), pause(clock, lookMs, until)])
    round.abort()
    const written = await Promise.all(ledger.takeStale().map(quota => publish(quota)))
    await pause(clock, written.includes(false) ? lookMs : roundMs, signal)
  }

  /** False where it could not be written and is to be tried again. */
  async function publish(quota: TrackedQuota): Promise<boolean> {
    const { object } = quota
    const { namespace, name } = object.metadata
    const path = `/api/v1/namespaces/${namespace}/resourcequotas/${name}/status`
    const body = Buffer.from(
      JSON.stringify({ ...object, apiVersion: groupVersion('', 'v1'), kind: 'ResourceQuota', status: quota.status() }),
    )
    try {
      const answer = await transport.request({ method: 'PUT', path, headers: { 'content-type': 'application/json' }, body }, signal)
      for await (const _ of answer.body);
      // 409: somebody changed it in between, and that change makes it stale again. 404: it is gone.
      if (answer.status >= 300 && answer.status !== 404 && answer.status !== 409) throw new Error(`the API answered ${answer.status}`)
      return true
    } catch (err) {
      if (signal.aborted) return true
      log.error('quota status not written', { quota: `${namespace}/${name}`, err })
      ledger.markStale(object)
      return false
    }
  }
}
