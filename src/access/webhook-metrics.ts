// The metrics of authorization webhooks under upstream's names.
import { Counter, Histogram, type Registry } from '../base/metrics.ts'
import type { RoundTrip } from './ask-webhook.ts'

export interface AuthorizationWebhookMetrics {
  /** One call, which may be one of several for the same question. */
  roundTrip(name: string, result: RoundTrip, seconds: number): void
  /** A webhook that does not answer counts as one without an opinion. */
  failedOpen(name: string, result: RoundTrip): void
  decided(name: string, decision: 'allowed' | 'denied'): void
  /** Match conditions kept the webhook from being asked, or could not be evaluated. */
  excluded(name: string): void
  conditionFailed(name: string): void
}

const type = 'Webhook'

export function authorizationWebhookMetrics(registry: Registry): AuthorizationWebhookMetrics {
  const registers = [registry]
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: `apiserver_authorization_${name}`, help, labelNames, registers })
  const evaluations = counter('webhook_evaluations_total', 'Calls of authorization webhooks', ['name', 'result'])
  const open = counter('webhook_evaluations_fail_open_total', 'Webhooks that did not answer and were passed over', ['name', 'result'])
  const decisions = counter('decisions_total', 'Decisions of authorization webhooks', ['type', 'name', 'decision'])
  const exclusions = counter('match_condition_exclusions_total', 'Requests that match conditions kept from a webhook', ['type', 'name'])
  const failures = counter('match_condition_evaluation_errors_total', 'Match conditions that could not be evaluated', ['type', 'name'])
  const duration = new Histogram({
    name: 'apiserver_authorization_webhook_duration_seconds',
    help: 'Time of calls of authorization webhooks',
    labelNames: ['name', 'result'],
    registers,
  })
  return {
    roundTrip(name, result, seconds) {
      evaluations.inc({ name, result })
      duration.observe({ name, result }, seconds)
    },
    failedOpen: (name, result) => open.inc({ name, result }),
    decided: (name, decision) => decisions.inc({ type, name, decision }),
    excluded: name => exclusions.inc({ type, name }),
    conditionFailed: name => failures.inc({ type, name }),
  }
}
