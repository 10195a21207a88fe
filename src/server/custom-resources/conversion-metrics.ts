// The metrics of conversion webhooks under upstream's names.
import type { Clock } from '../../base/clock.ts'
import { Counter, Histogram, type Registry } from '../../base/metrics/metrics.ts'
import type { ConversionFailure, ConversionSender } from './conversion.ts'

const failureTypes = {
  call: 'conversion_webhook_call_failure',
  malformed: 'conversion_webhook_malformed_response_failure',
  partial: 'conversion_webhook_partial_response_failure',
  invalid: 'conversion_webhook_invalid_converted_object_failure',
} as const satisfies Record<ConversionFailure['type'], string>

/** Observes each call: its duration and its failure. */
export type ObserveConversion = (seconds: number, failure: ConversionFailure['type'] | undefined) => void

export function conversionMetrics(registry: Registry): ObserveConversion {
  const labelNames = ['result', 'failure_type']
  const registers = [registry]
  const requests = new Counter({
    name: 'apiserver_conversion_webhook_request_total',
    help: 'Questions to conversion webhooks',
    labelNames,
    registers,
  })
  const duration = new Histogram({
    name: 'apiserver_conversion_webhook_duration_seconds',
    help: 'Time that conversion webhooks took',
    labelNames,
    buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 45, 60],
    registers,
  })
  return (seconds, failure) => {
    const labels =
      failure === undefined ? { result: 'success', failure_type: '' } : { result: 'failure', failure_type: failureTypes[failure] }
    requests.inc(labels)
    duration.observe(labels, seconds)
  }
}

/** The sender with metrics for each call. */
export function countedSender(sender: ConversionSender, observe: ObserveConversion, clock: Clock): ConversionSender {
  return {
    send: (...question) => sender.send(...question),
    begin(definition) {
      const began = clock.now()
      const done = sender.begin?.(definition)
      return failure => {
        observe((clock.now() - began) / 1000, failure?.type)
        done?.(failure)
      }
    },
  }
}
