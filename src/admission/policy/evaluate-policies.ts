// Evaluates the policies for a request, and turns results into a verdict, warnings and audit annotations.
import type { CelValue } from '../../api/cel/values/values.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { ApiError, forbidden, type Reason } from '../../api/status.ts'
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '../../api/types/admissionregistration-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import type { AdmissionRequest, Verdict } from '../admission.ts'
import { admitted } from '../admission.ts'
import type { AdmissionMetrics, PolicyObservation } from '../admission-metrics.ts'
import type { MatchContext } from '../matching/match-resources.ts'
import { namespaceOf } from '../matching/rule.ts'
import { evaluatePolicy, type Failure, type PolicyResult } from './compile-policy.ts'
import { Meter } from './meter.ts'
import { ConfigurationError, collectParams } from './params.ts'
import type { BoundValidatingPolicy } from './policy-kinds.ts'
import { type DecideFor, enclosingNamespace, RequestView } from './request-view.ts'

export interface PolicyContext extends MatchContext {
  readonly decide: DecideFor
  readonly metrics: AdmissionMetrics
}

/** Limit of UTF-8 bytes of one audit annotation's value. */
const maxAnnotationBytes = 10 * 1024
const failureAnnotation = 'validation.policy.admission.k8s.io/validation_failure'

interface Denial {
  readonly policy: ValidatingAdmissionPolicy
  readonly binding: ValidatingAdmissionPolicyBinding | undefined
  readonly message: string
  readonly reason: string
}

interface AuditedFailure {
  readonly message: string
  readonly policy: string
  readonly binding: string
  readonly expressionIndex: number
  readonly validationActions: readonly string[]
}

/** Evaluates all, so that warnings and annotations are complete; the first denial is the answer. Yields in between. */
export async function evaluatePolicies(
  candidates: readonly BoundValidatingPolicy[],
  request: AdmissionRequest,
  context: PolicyContext,
  signal: AbortSignal,
): Promise<Verdict> {
  const evaluated = new PolicyEvaluation(request, context, signal)
  for (const candidate of candidates) await evaluated.ask(candidate)
  return evaluated.verdict()
}

class PolicyEvaluation {
  readonly #meter: Meter
  readonly #request: AdmissionRequest
  readonly #context: PolicyContext
  readonly #view: RequestView
  readonly #denials: Denial[] = []
  readonly #audited: AuditedFailure[] = []

  constructor(request: AdmissionRequest, context: PolicyContext, signal: AbortSignal) {
    this.#meter = new Meter(signal)
    this.#request = request
    this.#context = context
    this.#view = new RequestView(request, context.decide, this.#meter)
  }

  async ask(candidate: BoundValidatingPolicy): Promise<void> {
    const { policy, matcher, bindings } = candidate
    let version: ResourceDefinition | undefined
    try {
      version = matcher.matches(this.#request)
    } catch (err) {
      this.#misconfigured(err, policy, undefined)
      return
    }
    if (version === undefined) return
    const annotations = new Map<string, Set<string>>()
    for (const { binding, matcher: narrower } of bindings) {
      try {
        if (narrower !== undefined && narrower.matches(this.#request) === undefined) continue
        await this.#evaluate(candidate, binding, version, annotations)
      } catch (err) {
        this.#misconfigured(err, policy, binding)
        if (err instanceof ConfigurationError && err.ofPolicy) return
      }
    }
    for (const [key, values] of annotations) this.#request.annotate(`${policy.metadata.name}/${key}`, [...values].sort().join(', '))
  }

  async #evaluate(
    { policy, compiled }: BoundValidatingPolicy,
    binding: ValidatingAdmissionPolicyBinding,
    version: ResourceDefinition,
    annotations: Map<string, Set<string>>,
  ): Promise<void> {
    const all = collectParams(policy.spec.paramKind, binding.spec.paramRef, namespaceOf(this.#request), this.#context)
    if (all.length === 0) return
    const namespaceObject = enclosingNamespace(this.#request, this.#context.reader)
    const request = this.#view.in(version)
    for (const params of all) {
      // Decoded JSON is already a CEL value.
      const input = { request, params: params as CelValue | undefined, namespaceObject }
      this.#take(await evaluatePolicy(compiled(), input, this.#meter), policy, binding, annotations)
    }
  }

  #take(
    { failures, annotations, annotationErrors }: PolicyResult,
    policy: ValidatingAdmissionPolicy,
    binding: ValidatingAdmissionPolicyBinding,
    collected: Map<string, Set<string>>,
  ): void {
    if (failures.length === 0) this.#count(policy, binding, 'allow')
    for (const failure of failures) this.#act(failure, policy, binding)
    for (const { key, value } of annotations) {
      const values = collected.get(key) ?? new Set()
      collected.set(key, values.add(cut(value)))
    }
    for (const message of annotationErrors) this.#denials.push({ policy, binding, message, reason: '' })
  }

  #act(failure: Failure, policy: ValidatingAdmissionPolicy, binding: ValidatingAdmissionPolicyBinding): void {
    const { message, reason, index } = failure
    const { validationActions = [], policyName = '' } = binding.spec
    const name = binding.metadata.name ?? ''
    for (const action of validationActions) {
      if (action === 'Deny') {
        this.#count(policy, binding, 'deny')
        this.#denials.push({ policy, binding, message, reason })
      } else if (action === 'Audit') {
        this.#count(policy, binding, 'audit')
        this.#audited.push({ message, policy: policyName, binding: name, expressionIndex: index, validationActions })
      } else if (action === 'Warn') {
        this.#count(policy, binding, 'warn')
        this.#request.warn(`Validation failed for ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${name}': ${message}`)
      }
    }
  }

  #count(policy: ValidatingAdmissionPolicy, binding: ValidatingAdmissionPolicyBinding, action: PolicyObservation['action']): void {
    this.#context.metrics.policy({ policy: policy.metadata.name ?? '', binding: binding.metadata.name ?? '', action })
  }

  /** A misconfigured policy refuses if it fails closed, and is skipped otherwise. */
  #misconfigured(err: unknown, policy: ValidatingAdmissionPolicy, binding: ValidatingAdmissionPolicyBinding | undefined): void {
    if (!(err instanceof ConfigurationError || err instanceof ApiError)) throw err
    if (policy.spec.failurePolicy === 'Ignore') return
    const ofBinding = binding !== undefined && !(err instanceof ConfigurationError && err.ofPolicy)
    this.#denials.push({
      policy,
      binding: ofBinding ? binding : undefined,
      message: `failed to configure ${ofBinding ? 'binding' : 'policy'}: ${err.message}`,
      reason: '',
    })
  }

  verdict(): Verdict {
    if (this.#audited.length > 0) this.#request.annotate(failureAnnotation, writeJson(this.#audited))
    const [first] = this.#denials
    return first === undefined ? admitted : { allowed: false, error: refusal(first, this.#request) }
  }
}

const codes: Readonly<Record<string, number>> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413, Invalid: 422 }

function refusal({ policy, binding, message, reason }: Denial, request: AdmissionRequest): ApiError {
  const by = binding === undefined ? '' : ` with binding '${binding.metadata.name}'`
  const text = `ValidatingAdmissionPolicy '${policy.metadata.name}'${by} denied request: ${message}`
  const { status } = forbidden(request.resource, request.name, text)
  const shown = reason === '' ? 'Invalid' : reason
  return new ApiError({
    ...status,
    reason: shown as Reason,
    code: codes[shown] ?? 422,
    details: { ...status.details, causes: [{ message: text }] },
  })
}

function cut(value: string): string {
  return Buffer.byteLength(value) <= maxAnnotationBytes ? value : Buffer.from(value).subarray(0, maxAnnotationBytes).toString()
}
