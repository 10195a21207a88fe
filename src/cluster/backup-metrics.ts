// How old the newest verified backup of each target is, for alerts.
import type { Backup } from '../api/types/bulkhead-v1alpha1.ts'
import type { Clock } from '../base/clock.ts'
import { Gauge, type Registry } from '../base/metrics/metrics.ts'

/** `backups` are the objects of the cluster. A target without a verified backup has no sample of an age. */
export function registerBackupMetrics(registry: Registry, backups: () => readonly Backup[], clock: Pick<Clock, 'now'>): void {
  new Gauge({
    name: 'bulkhead_backup_verified_age_seconds',
    help: 'How long ago the newest backup of a target was made that was restored and compared',
    labelNames: ['target'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [target, time] of newestVerified(backups())) this.set({ target }, Math.max(0, (clock.now() - time) / 1000))
    },
  })
  new Gauge({
    name: 'bulkhead_backup_verified',
    help: 'Whether a target has a backup that was restored and compared: 1 yes, 0 no',
    labelNames: ['target'],
    registers: [registry],
    collect() {
      this.reset()
      const verified = newestVerified(backups())
      for (const { spec } of backups()) this.set({ target: spec.target }, verified.has(spec.target) ? 1 : 0)
    },
  })
}

/** By target, in milliseconds since the epoch: when the state of it was current, not when it was verified. */
function newestVerified(backups: readonly Backup[]): ReadonlyMap<string, number> {
  const newest = new Map<string, number>()
  for (const { spec, status } of backups) {
    const time = status?.verified === undefined ? Number.NaN : Date.parse(status.created ?? status.verified)
    if (!Number.isNaN(time)) newest.set(spec.target, Math.max(time, newest.get(spec.target) ?? 0))
  }
  return newest
}
