// What the latest runs of proofs found, for alerts.
import type { ProofResult } from '../api/types/bulkhead-v1alpha1.ts'
import { Gauge, type Registry } from '../base/metrics/metrics.ts'

const values: Readonly<Record<string, number>> = { Passed: 1, Failed: 0, Skipped: -1 }

/** `results` are the objects of the cluster. A proof that never ran has no sample. */
export function registerProofMetrics(registry: Registry, results: () => readonly ProofResult[]): void {
  new Gauge({
    name: 'bulkhead_proof_last_result',
    help: 'What came of the latest run of a proof: 1 passed, 0 failed, -1 skipped',
    labelNames: ['proof'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { spec } of results()) this.set({ proof: spec.proof }, values[spec.last] ?? 0)
    },
  })
  new Gauge({
    name: 'bulkhead_proof_last_time_seconds',
    help: 'When a proof last passed, failed or was skipped, in seconds since the epoch',
    labelNames: ['proof', 'result'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { spec } of results())
        for (const result of ['passed', 'failed', 'skipped'] as const) {
          const time = Date.parse(spec[result]?.time ?? '')
          if (!Number.isNaN(time)) this.set({ proof: spec.proof, result }, time / 1000)
        }
    },
  })
}
