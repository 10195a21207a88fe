// The metrics of webhooks and policies under upstream's names.
import { Counter, Histogram, type Registry } from '../base/metrics.ts'

export interface HookObservation {
  readonly name: string
  readonly mutating: boolean
  readonly operation: string
  readonly seconds: number
  /** `failed`: it did not answer, and the request was refused; `passed`: it did not answer, and the request goes on. */
  readonly outcome: 'answered' | 'rejected' | 'failed' | 'passed'
  /** Of the refusal. */
  readonly code?: number
}

export interface PolicyObservation {
  readonly policy: string
  readonly binding: string
  readonly action: 'allow' | 'deny' | 'audit' | 'warn'
}

/** One mutation of a policy. */
export interface MutationObservation {
  readonly policy: string
  readonly binding: string
  readonly errorType: 'no_error' | 'compile_error' | 'invalid_error' | 'out_of_budget'
}

export interface AdmissionMetrics {
  hook(observed: HookObservation): void
  policy(observed: PolicyObservation): void
  mutation(observed: MutationObservation): void
}

const hookBuckets = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25]

export function admissionMetrics(registry: Registry): AdmissionMetrics {
  const registers = [registry]
  const duration = new Histogram({
    name: 'apiserver_admission_webhook_admission_duration_seconds',
    help: 'Time that webhooks took',
    labelNames: ['name', 'type', 'operation', 'rejected'],
    buckets: hookBuckets,
    registers,
  })
  const rejections = new Counter({
    name: 'apiserver_admission_webhook_rejection_count',
    help: 'Requests that webhooks refused, or that were refused because one did not answer',
    labelNames: ['name', 'type', 'operation', 'error_type', 'rejection_code'],
    registers,
  })
  const failedOpen = new Counter({
    name: 'apiserver_admission_webhook_fail_open_count',
    help: 'Requests that went on though a webhook did not answer',
    labelNames: ['name', 'type'],
    registers,
  })
  const checks = new Counter({
    name: 'apiserver_validating_admission_policy_check_total',
    help: 'Requests that policies judged',
    labelNames: ['policy', 'policy_binding', 'enforcement_action'],
    registers,
  })
  const mutations = new Counter({
    name: 'apiserver_mutating_admission_policy_check_total',
    help: 'Mutations of policies that were evaluated',
    labelNames: ['policy', 'policy_binding', 'error_type'],
    registers,
  })
  return {
    hook({ name, mutating, operation, seconds, outcome, code = 0 }) {
      const type = mutating ? 'admit' : 'validating'
      const refused = outcome === 'rejected' || outcome === 'failed'
      duration.observe({ name, type, operation, rejected: String(refused) }, seconds)
      if (outcome === 'passed') failedOpen.inc({ name, type })
      if (!refused) return
      const error = outcome === 'failed' ? 'calling_webhook_error' : 'no_error'
      rejections.inc({ name, type, operation, error_type: error, rejection_code: outcome === 'failed' ? 0 : Math.min(code, 600) })
    },
    policy: ({ policy, binding, action }) => checks.inc({ policy, policy_binding: binding, enforcement_action: action }),
    mutation: ({ policy, binding, errorType }) => mutations.inc({ policy, policy_binding: binding, error_type: errorType }),
  }
}
