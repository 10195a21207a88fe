// Metrics of authorization webhooks under upstream's names.
import { Counter, Histogram, type Registry } from '../../base/metrics/metrics.ts'
import type { RoundTrip } from './call-webhook.ts'

export interface AuthorizationWebhookMetrics {
  /** One call, which may be one of several for the same question. */
  roundTrip(name: string, result: RoundTrip, seconds: number): void
  /** A webhook that does not answer counts as one without an opinion. */
  failedOpen(name: string, result: RoundTrip): void
  decided(name: string, decision: Decided): void
  /** Match conditions were evaluated, in this many seconds. */
  matched(name: string, seconds: number): void
  /** Match conditions excluded the webhook, or could not be evaluated. */
  excluded(name: string): void
  conditionFailed(name: string): void
  /** The current webhooks: others have no samples, even if a call is pending. */
  serve(names: readonly string[]): void
}

type Decided = 'allowed' | 'denied'

const type = 'Webhook'
const results: readonly RoundTrip[] = ['success', 'timeout', 'error']
const decided: readonly Decided[] = ['allowed', 'denied']

export function authorizationWebhookMetrics(registry: Registry): AuthorizationWebhookMetrics {
  const registers = [registry]
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: `apiserver_authorization_${name}`, help, labelNames, registers })
  const evaluations = counter('webhook_evaluations_total', 'Calls of authorization webhooks', ['name', 'result'])
  const open = counter('webhook_evaluations_fail_open_total', 'Webhooks that did not answer and were passed over', ['name', 'result'])
  const decisions = counter('decisions_total', 'Decisions of authorization webhooks', ['type', 'name', 'decision'])
  const exclusions = counter('match_condition_exclusions_total', 'Requests that match conditions excluded from a webhook', ['type', 'name'])
  const failures = counter('match_condition_evaluation_errors_total', 'Match conditions that could not be evaluated', ['type', 'name'])
  const duration = new Histogram({
    name: 'apiserver_authorization_webhook_duration_seconds',
    help: 'Time of calls of authorization webhooks',
    labelNames: ['name', 'result'],
    registers,
  })
  const matching = new Histogram({
    name: 'apiserver_authorization_match_condition_evaluation_seconds',
    help: 'Time in which the match conditions of a webhook were evaluated',
    labelNames: ['type', 'name'],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25],
    registers,
  })
  let served: ReadonlySet<string> = new Set()
  const ofServed =
    <Rest extends unknown[]>(report: (name: string, ...rest: Rest) => void) =>
    (name: string, ...rest: Rest): void => {
      if (served.has(name)) report(name, ...rest)
    }
  const forget = (name: string): void => {
    for (const result of results) for (const metric of [evaluations, open, duration]) metric.remove({ name, result })
    for (const decision of decided) decisions.remove({ type, name, decision })
    for (const metric of [exclusions, failures, matching]) metric.remove({ type, name })
  }
  return {
    roundTrip: ofServed((name, result: RoundTrip, seconds: number) => {
      evaluations.inc({ name, result })
      duration.observe({ name, result }, seconds)
    }),
    failedOpen: ofServed((name, result: RoundTrip) => open.inc({ name, result })),
    decided: ofServed((name, decision: Decided) => decisions.inc({ type, name, decision })),
    matched: ofServed((name, seconds: number) => matching.observe({ type, name }, seconds)),
    excluded: ofServed(name => exclusions.inc({ type, name })),
    conditionFailed: ofServed(name => failures.inc({ type, name })),
    serve(names) {
      for (const name of served) if (!names.includes(name)) forget(name)
      served = new Set(names)
    },
  }
}
