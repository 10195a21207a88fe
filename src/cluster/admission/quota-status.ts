// Writes the ledger's usage into the status of ResourceQuotas, through the API as the quota controller. Counting is done where the objects
// are; many charges make one write.

import { groupVersion, type KubeObject } from '../../api/object.ts'
import type { ResourceQuota, ResourceQuotaStatus } from '../../api/types/core-v1.ts'
import type { UserInfo } from '../../api/user.ts'
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { writeJson } from '../../base/write-json.ts'
import type { InProcessTransport } from '../../server/http/in-process.ts'

export const quotaController: UserInfo = {
  name: 'system:serviceaccount:kube-system:resourcequota-controller',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
}

/** Pause between two rounds of writes, so that a flood of objects causes only a few writes per second and quota. */
const roundMs = 250
/** Interval of checks for usage that ends by time alone. */
const lookMs = 30_000
/** Delay before retrying one status, doubled each time. */
const firstRetryMs = 500
const maxRetryMs = 30_000

/** A quota whose stored status is outdated. */
export interface StaleQuota {
  /** The newest version. */
  readonly object: ResourceQuota
  status(): ResourceQuotaStatus
}

/** The part of the quota ledger that is used here. */
export interface StaleQuotas {
  stale(signal: AbortSignal): Promise<void>
  takeStale(): readonly StaleQuota[]
  markStale(object: KubeObject): void
}

export interface QuotaStatusOptions {
  readonly ledger: StaleQuotas
  readonly transport: Pick<InProcessTransport, 'request'>
  readonly clock: Clock
  readonly log: Logger
}

/** Until the signal. */
export async function runQuotaStatus({ ledger, transport, clock, log }: QuotaStatusOptions, signal: AbortSignal): Promise<void> {
  /** Failed attempts by quota. */
  const failures = new Map<string, number>()
  while (!signal.aborted) {
    const round = new AbortController()
    const until = AbortSignal.any([signal, round.signal])
    await Promise.race([ledger.stale(until), pause(clock, lookMs, until)])
    round.abort()
    await Promise.all(ledger.takeStale().map(quota => publish(quota)))
    await pause(clock, roundMs, signal)
  }

  async function publish(quota: StaleQuota): Promise<void> {
    const { object } = quota
    const key = `${object.metadata.namespace}/${object.metadata.name}`
    const path = `/api/v1/namespaces/${object.metadata.namespace}/resourcequotas/${object.metadata.name}/status`
    const body = Buffer.from(writeJson({ ...object, apiVersion: groupVersion('', 'v1'), kind: 'ResourceQuota', status: quota.status() }))
    try {
      const answer = await transport.request({ method: 'PUT', path, headers: { 'content-type': 'application/json' }, body }, signal)
      for await (const _ of answer.body);
      // 409: it was changed meanwhile, and that change makes it stale again. 404: it was deleted.
      if (answer.status >= 300 && answer.status !== 404 && answer.status !== 409) throw new Error(`the API answered ${answer.status}`)
      failures.delete(key)
    } catch (err) {
      if (signal.aborted) return
      log.error('quota status not written', { quota: key, err })
      void tryLater(key, object)
    }
  }

  /** Each at its own pace, so that a failing one delays no other. */
  async function tryLater(key: string, object: ResourceQuota): Promise<void> {
    const before = failures.get(key) ?? 0
    failures.set(key, before + 1)
    await pause(clock, Math.min(firstRetryMs * 2 ** before, maxRetryMs), signal)
    ledger.markStale(object)
  }
}
