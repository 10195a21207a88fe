// Whether writes could be made durable and audited: checked before each write and for readiness.
import { type ApiError, serviceUnavailable } from '../api/status.ts'
import type { Store } from '../store/store.ts'
import type { HealthCheck } from './paths/health.ts'
import type { AuditSink } from './request/audit-event.ts'

interface Disks {
  readonly store: Pick<Store, 'stalled' | 'full' | 'backing' | 'advice'>
  readonly audit: Pick<AuditSink, 'refusal'>
}

const storeRefusal = ({ store }: Disks): string | undefined => (store.stalled ? `${store.backing} does not answer` : undefined)

/** Why new writes must be refused; started ones wait. A store that has failed or is full refuses each write itself. */
export function writeRefusal(disks: Disks): ApiError | undefined {
  const why = disks.audit.refusal?.()?.message ?? storeRefusal(disks)
  return why === undefined ? undefined : serviceUnavailable(`writes are refused: ${why}`)
}

/** Reads still work, so these checks are only for readiness. */
export function diskChecks(disks: Disks): readonly HealthCheck[] {
  return [
    { name: 'store-sync', readinessOnly: true, check: () => storeRefusal(disks) },
    {
      name: 'store-space',
      readinessOnly: true,
      check: () => disks.store.advice ?? (disks.store.full ? 'no space is left for the store' : undefined),
    },
    { name: 'audit-log', readinessOnly: true, check: () => disks.audit.refusal?.()?.message },
  ]
}
