// Whether what is written could be made durable and recorded: asked before each write, and by whoever asks whether the server is ready.
import { type ApiError, serviceUnavailable } from '../api/status.ts'
import type { Store } from '../store/store.ts'
import type { HealthCheck } from './paths/health.ts'
import type { AuditSink } from './request/audit-event.ts'

interface Disks {
  readonly store: Pick<Store, 'stalled' | 'full'>
  readonly audit: Pick<AuditSink, 'refusal'>
}

const storeRefusal = ({ store }: Disks): string | undefined => (store.stalled ? 'the disk under the store does not answer' : undefined)

/** Why writes must not happen now; those that have begun wait. A store that has failed, or has no room, says so itself, of each write. */
export function writeRefusal(disks: Disks): ApiError | undefined {
  const why = disks.audit.refusal?.()?.message ?? storeRefusal(disks)
  return why === undefined ? undefined : serviceUnavailable(`writes are refused: ${why}`)
}

/** Reads go on, so the server lives. */
export function diskChecks(disks: Disks): readonly HealthCheck[] {
  return [
    { name: 'store-sync', readinessOnly: true, check: () => storeRefusal(disks) },
    { name: 'store-space', readinessOnly: true, check: () => (disks.store.full ? 'no space is left for the store' : undefined) },
    { name: 'audit-log', readinessOnly: true, check: () => disks.audit.refusal?.()?.message },
  ]
}
