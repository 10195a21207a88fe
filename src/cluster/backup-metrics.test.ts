import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Backup } from '../api/types/bulkhead-v1alpha1.ts'
import { createRegistry } from '../base/metrics/metrics.ts'
import { registerBackupMetrics } from './backup-metrics.ts'

const backup = (target: string, status: Backup['status']): Backup => ({ metadata: {}, spec: { target }, ...(status ? { status } : {}) })

test('registerBackupMetrics() shows the age of the newest verified backup of each target', async () => {
  const registry = createRegistry()
  const backups = [
    backup('disk', { phase: 'Verified', created: '2026-01-01T00:00:00Z', verified: '2026-01-01T00:01:00Z' }),
    backup('disk', { phase: 'Verified', created: '2026-01-01T01:00:00Z', verified: '2026-01-01T01:01:00Z' }),
    backup('disk', { phase: 'Failed', created: '2026-01-01T02:00:00Z' }),
    backup('cloud', { phase: 'Stored', created: '2026-01-01T02:00:00Z' }),
  ]
  registerBackupMetrics(registry, () => backups, { now: () => Date.UTC(2026, 0, 1, 2) })
  const text = await registry.metrics()
  assert.match(text, /^bulkhead_backup_verified_age_seconds\{target="disk"\} 3600$/m)
  assert.doesNotMatch(text, /age_seconds\{target="cloud"\}/)
  assert.match(text, /^bulkhead_backup_verified\{target="disk"\} 1$/m)
  assert.match(text, /^bulkhead_backup_verified\{target="cloud"\} 0$/m)
})
