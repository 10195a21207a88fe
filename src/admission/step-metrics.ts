// The duration of admission, under upstream's name. Only of its two steps: measuring each plug-in would cost a write more than most of them
// do.

import type { Clock } from '../base/clock.ts'
import { Buckets, bucketSamples } from '../base/metrics/buckets.ts'
import { type Registry, SampledHistogram } from '../base/metrics/metrics.ts'
import type { AdmissionRequest } from './admission.ts'
import type { Admission } from './chain.ts'

const name = 'apiserver_admission_step_admission_duration_seconds'
const bounds = [0.005, 0.025, 0.1, 0.5, 1, 2.5]

interface Series {
  readonly labels: Readonly<Record<'type' | 'operation' | 'rejected', string>>
  readonly seconds: Buckets
}

type Step = Admission['mutate']

export function measuredAdmission(admission: Admission, registry: Registry, clock: Clock): Admission {
  const series = new Map<string, Series>()
  new SampledHistogram(registry, name, 'Time that the steps of admission took', function* () {
    for (const { labels, seconds } of series.values()) yield* bucketSamples(name, seconds, labels)
  })
  const observe = (type: string, operation: string, rejected: boolean, began: number): void => {
    const key = `${type}/${operation}/${rejected}`
    let known = series.get(key)
    if (known === undefined) {
      known = { labels: { type, operation, rejected: String(rejected) }, seconds: new Buckets(bounds) }
      series.set(key, known)
    }
    known.seconds.observe((clock.monotonic() - began) / 1000)
  }
  const measured =
    (type: string, step: Step): Step =>
    async (request: AdmissionRequest, signal) => {
      const { operation } = request
      const began = clock.monotonic()
      let rejected = true
      try {
        await step(request, signal)
        rejected = false
      } finally {
        observe(type, operation, rejected, began)
      }
    }
  return { ...admission, mutate: measured('admit', admission.mutate), validate: measured('validate', admission.validate) }
}
