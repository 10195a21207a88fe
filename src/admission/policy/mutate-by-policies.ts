// Applies the mutating policies for a request one after the other, and refuses the request if one that fails closed fails.
import type { CelValue } from '../../api/cel/values/values.ts'
import type { KubeObject } from '../../api/object.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { ApiError, forbidden, type Reason } from '../../api/status.ts'
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding } from '../../api/types/admissionregistration-v1alpha1.ts'
import { writeJson } from '../../base/write-json.ts'
import type { AdmissionRequest } from '../admission.ts'
import { namespaceOf } from '../matching/rule.ts'
import { Reinvokable } from '../reinvocation.ts'
import type { CompiledMutations } from './compile-mutations.ts'
import type { PolicyContext } from './evaluate-policies.ts'
import type { Budget } from './expression.ts'
import { evaluateConditions } from './match-conditions.ts'
import { Meter } from './meter.ts'
import { MutationError, mutateObject } from './mutate-object.ts'
import { ConfigurationError, collectParams } from './params.ts'
import { policyBindings } from './policy-bindings.ts'
import type { BoundMutatingPolicy } from './policy-kinds.ts'
import { enclosingNamespace, RequestView } from './request-view.ts'

/** On the audit event, one for each round: which policies changed the object. */
export const mutatedByAnnotations = ['admission.bulkhead.dev/mutated-by.round_0', 'admission.bulkhead.dev/mutated-by.round_1'] as const

/** A policy that changed an object, and the binding by which it applied. */
export interface MutatedBy {
  readonly policy: string
  readonly binding: string
}

/** A policy with one of its bindings and one set of parameters. */
interface Invocation {
  readonly policy: MutatingAdmissionPolicy
  readonly binding: MutatingAdmissionPolicyBinding
  readonly compiled: CompiledMutations
  readonly version: ResourceDefinition
  readonly params: KubeObject | undefined
}

/** Why a policy failed. */
interface Problem {
  readonly policy: MutatingAdmissionPolicy
  /** Undefined if the policy itself is at fault. */
  readonly binding: MutatingAdmissionPolicyBinding | undefined
  readonly message: string
  /** '' for upstream's default, Forbidden. */
  readonly reason: '' | 'Invalid'
}

/** Changes the object in place. Other requests have their turn in between. Throws the ApiError of a refusal. */
export async function mutateByPolicies(
  candidates: readonly BoundMutatingPolicy[],
  request: AdmissionRequest,
  context: PolicyContext,
  signal: AbortSignal,
): Promise<void> {
  // The original object decides which policies apply.
  const { invocations, problems } = select(candidates, request, context)
  if (invocations.length > 0) problems.push(...(await invoke(invocations, request, context, signal)))
  const refusing = problems.filter(({ policy }) => policy.spec.failurePolicy !== 'Ignore')
  if (refusing.length > 0) throw refusal(refusing, request)
}

function select(candidates: readonly BoundMutatingPolicy[], request: AdmissionRequest, context: PolicyContext) {
  const invocations: Invocation[] = []
  const problems: Problem[] = []
  /** Undefined if it cannot be used as it is. */
  const within = <T>(policy: MutatingAdmissionPolicy, binding: MutatingAdmissionPolicyBinding | undefined, act: () => T): T | undefined => {
    try {
      return act()
    } catch (err) {
      if (!(err instanceof ConfigurationError || err instanceof ApiError)) throw err
      const ofBinding = binding !== undefined && !(err instanceof ConfigurationError && err.ofPolicy)
      const message = `failed to configure ${ofBinding ? 'binding' : 'policy'}: ${err.message}`
      problems.push({ policy, binding: ofBinding ? binding : undefined, message, reason: '' })
      return undefined
    }
  }
  for (const { policy, matcher, bindings, compiled } of candidates) {
    const version = within(policy, undefined, () => matcher.matches(request))
    if (version === undefined) continue
    for (const { binding, matcher: narrower } of bindings) {
      const found = within(policy, binding, () => {
        if (narrower !== undefined && narrower.matches(request) === undefined) return []
        return collectParams(policy.spec.paramKind, binding.spec.paramRef, namespaceOf(request), context)
      })
      for (const params of found ?? []) invocations.push({ policy, binding, compiled: compiled(), version, params })
    }
  }
  return { invocations, problems }
}

async function invoke(
  invocations: readonly Invocation[],
  request: AdmissionRequest,
  context: PolicyContext,
  signal: AbortSignal,
): Promise<Problem[]> {
  const problems: Problem[] = []
  const changedBy: MutatedBy[] = []
  const meter = new Meter(signal)
  const namespaceObject = enclosingNamespace(request, context.reader)
  const reinvokable = Reinvokable.of(request, 'MutatingAdmissionPolicy')
  reinvokable.begin(request)
  for (const invocation of invocations) {
    const { policy, binding, compiled, version, params } = invocation
    const names = { policy: policy.metadata.name ?? '', binding: binding.metadata.name ?? '' }
    const fail = (message: string): void => void problems.push({ policy, binding, message, reason: 'Invalid' })
    // Decoded JSON is already a CEL value.
    const given = params as CelValue | undefined
    // Created for each expression, which sees the changes of the one before.
    const view = () => new RequestView(request, context.decide, meter).in(version)
    const conditions = await evaluateConditions(compiled.conditions, meter, budget =>
      policyBindings(compiled.variables, { request: view().inConditions, params: given, namespaceObject: undefined }, budget),
    )
    if (!conditions.met) {
      if (conditions.error !== undefined) fail(conditions.error)
      continue
    }
    const id = writeJson([names.policy, names.binding, params?.metadata.namespace ?? '', params?.metadata.name ?? ''])
    if (!reinvokable.mayCall(id)) continue
    let changed = false
    for (const mutation of compiled.mutations) {
      const { object } = request
      if (object === undefined) break
      try {
        const bindingsWithin = (budget: Budget) =>
          policyBindings(compiled.variables, { request: view(), params: given, namespaceObject }, budget)
        const input = { request, object, version, policy: names.policy, meter, bindingsWithin }
        if (await mutateObject(mutation, input)) changed = true
        context.metrics.mutation({ ...names, errorType: 'no_error' })
      } catch (err) {
        context.metrics.mutation({ ...names, errorType: err instanceof MutationError ? err.type : 'invalid_error' })
        if (!(err instanceof MutationError)) throw err
        fail(err.message)
      }
    }
    if (changed) changedBy.push(names)
    reinvokable.asked(id, { changed, ifNeeded: policy.spec.reinvocationPolicy === 'IfNeeded' })
  }
  reinvokable.end(request)
  if (changedBy.length > 0) request.annotate(mutatedByAnnotations[reinvokable.round], writeJson(changedBy))
  return problems
}

/** In upstream's words: the first problem is the message, and all are its causes. */
function refusal(problems: readonly Problem[], request: AdmissionRequest): ApiError {
  const texts = problems.map(({ policy, binding, message }) => {
    const name = policy.metadata.name ?? ''
    const by = binding === undefined ? writeJson(name) : `'${name}' with binding '${binding.metadata.name}'`
    return `policy ${by} denied request: ${message}`
  })
  const { status } = forbidden(request.resource, request.name, '')
  const reason = problems[0]?.reason
  return new ApiError({
    ...status,
    message: texts[0] ?? '',
    ...(reason ? { reason: reason satisfies Reason } : {}),
    details: { ...status.details, causes: texts.map(message => ({ message })) },
  })
}
