// The metrics of webhooks and policies under upstream's names.
import { Buckets, bucketSamples } from '../base/metrics/buckets.ts'
import { Counter, type Registry, SampledHistogram } from '../base/metrics/metrics.ts'
import { writeJson } from '../base/write-json.ts'

export interface HookObservation {
  readonly name: string
  readonly mutating: boolean
  readonly operation: string
  readonly seconds: number
  /** `failed`: the webhook did not answer and the request was refused; `passed`: it did not answer and the request continued. */
  readonly outcome: 'answered' | 'rejected' | 'failed' | 'passed'
  /** The status code of the refusal. */
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

export interface Bound {
  readonly policy: string
  readonly binding: string
}

/** Series are only kept for webhooks and policies that exist, because their names can be new ones without end. */
export interface AdmissionMetrics {
  hook(observed: HookObservation): void
  policy(observed: PolicyObservation): void
  mutation(observed: MutationObservation): void
  /** All current webhooks of one kind. */
  hooksAre(mutating: boolean, names: Iterable<string>): void
  /** All current policies of one kind with their bindings. */
  policiesAre(mutating: boolean, bound: Iterable<Bound>): void
}

type Labels = Readonly<Record<string, string>>

interface Series<T> {
  readonly labels: Labels
  value: T
}

/** Series that are removed with their owner. */
class OwnedSeries<T> {
  readonly #make: () => T
  readonly #byOwner = new Map<string, Map<string, Series<T>>>()

  constructor(make: () => T) {
    this.#make = make
  }

  of(owner: string, labels: Labels): Series<T> {
    const owned = this.#byOwner.get(owner) ?? new Map<string, Series<T>>()
    this.#byOwner.set(owner, owned)
    const key = writeJson(labels)
    const series = owned.get(key) ?? { labels, value: this.#make() }
    owned.set(key, series)
    return series
  }

  forget(isGone: (owner: string) => boolean): void {
    for (const owner of this.#byOwner.keys()) if (isGone(owner)) this.#byOwner.delete(owner)
  }

  *[Symbol.iterator](): Generator<Series<T>> {
    for (const owned of this.#byOwner.values()) yield* owned.values()
  }
}

function counter(registry: Registry, name: string, help: string, labelNames: string[]): OwnedSeries<number> {
  const counted = new OwnedSeries(() => 0)
  new Counter({
    ...{ name, help, labelNames, registers: [registry] },
    collect() {
      this.reset()
      for (const { labels, value } of counted) this.inc({ ...labels }, value)
    },
  })
  return counted
}

const hookBuckets = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25]
const durationName = 'apiserver_admission_webhook_admission_duration_seconds'
const typeOf = (mutating: boolean): string => (mutating ? 'admit' : 'validating')
const hookOwner = (mutating: boolean, name: string): string => `${typeOf(mutating)}/${name}`
const policyOwner = ({ policy, binding }: Bound): string => `${policy}/${binding}`

export function admissionMetrics(registry: Registry): AdmissionMetrics {
  const durations = new OwnedSeries(() => new Buckets(hookBuckets))
  new SampledHistogram(registry, durationName, 'Time that webhooks took', function* () {
    for (const { labels, value } of durations) yield* bucketSamples(durationName, value, labels)
  })
  const rejections = counter(
    registry,
    'apiserver_admission_webhook_rejection_count',
    'Requests that webhooks refused, or that were refused because one did not answer',
    ['name', 'type', 'operation', 'error_type', 'rejection_code'],
  )
  const failedOpen = counter(
    registry,
    'apiserver_admission_webhook_fail_open_count',
    'Requests that went on though a webhook did not answer',
    ['name', 'type'],
  )
  const checks = counter(registry, 'apiserver_validating_admission_policy_check_total', 'Requests that policies evaluated', [
    'policy',
    'policy_binding',
    'enforcement_action',
  ])
  const mutations = counter(registry, 'apiserver_mutating_admission_policy_check_total', 'Mutations of policies that were evaluated', [
    'policy',
    'policy_binding',
    'error_type',
  ])
  return {
    hook({ name, mutating, operation, seconds, outcome, code = 0 }) {
      const owner = hookOwner(mutating, name)
      const type = typeOf(mutating)
      const refused = outcome === 'rejected' || outcome === 'failed'
      durations.of(owner, { name, type, operation, rejected: String(refused) }).value.observe(seconds)
      if (outcome === 'passed') failedOpen.of(owner, { name, type }).value++
      if (!refused) return
      const [error, rejectionCode] = outcome === 'failed' ? ['calling_webhook_error', 0] : ['no_error', Math.min(code, 600)]
      rejections.of(owner, { name, type, operation, error_type: error, rejection_code: String(rejectionCode) }).value++
    },
    policy: ({ policy, binding, action }) =>
      void checks.of(policyOwner({ policy, binding }), { policy, policy_binding: binding, enforcement_action: action }).value++,
    mutation: ({ policy, binding, errorType }) =>
      void mutations.of(policyOwner({ policy, binding }), { policy, policy_binding: binding, error_type: errorType }).value++,
    hooksAre(mutating, names) {
      const owners = new Set(Array.from(names, name => hookOwner(mutating, name)))
      const ofKind = hookOwner(mutating, '')
      for (const series of [durations, rejections, failedOpen]) series.forget(owner => owner.startsWith(ofKind) && !owners.has(owner))
    },
    policiesAre(mutating, bound) {
      const owners = new Set(Array.from(bound, policyOwner))
      const series = mutating ? mutations : checks
      series.forget(owner => !owners.has(owner))
    },
  }
}
