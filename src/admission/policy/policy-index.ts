// Policies with their bindings, compiled once per change and found by the kind of request.

import { groupResource, type KubeObject } from '../../api/object.ts'
import type { MatchResources, ParamKind, ParamRef } from '../../api/types/admissionregistration-v1.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { Bound } from '../admission-metrics.ts'
import { compileMatchResources, type MatchContext, type ResourceMatcher } from '../matching/match-resources.ts'
import { RequestIndex } from '../matching/request-index.ts'

/** A validating or mutating policy, as far as it defines which requests it matches. */
export interface AnyPolicy extends KubeObject {
  readonly spec: { readonly matchConstraints?: MatchResources; readonly paramKind?: ParamKind; readonly failurePolicy?: string }
}

export interface AnyBinding extends KubeObject {
  readonly spec: { readonly policyName?: string; readonly paramRef?: ParamRef; readonly matchResources?: MatchResources }
}

/** The source of policies: the store, or a folder of files. A binding belongs to policies of its own source. */
export interface PolicySource<P extends AnyPolicy, B extends AnyBinding> {
  policies(): readonly P[]
  bindings(): readonly B[]
  /** Whether these may apply to policies and bindings too: not if they are in the API, because they could lock out all users. */
  readonly evaluatesPolicies?: true
  /** Called after every change. */
  onChange(changed: () => void): void
}

export interface BoundPolicy<P extends AnyPolicy, B extends AnyBinding, C> {
  readonly evaluatesPolicies: boolean
  readonly policy: P
  readonly matcher: ResourceMatcher
  /** Compiled with the first matching request. */
  readonly compiled: () => C
  /** In the order of their names. */
  readonly bindings: readonly { readonly binding: B; readonly matcher: ResourceMatcher | undefined }[]
}

/** Upstream excludes these: evaluating them would evaluate every access review. */
const questions: ReadonlySet<string> = new Set([
  'selfsubjectreviews.authentication.k8s.io',
  'tokenreviews.authentication.k8s.io',
  'localsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectrulesreviews.authorization.k8s.io',
  'subjectaccessreviews.authorization.k8s.io',
])
/** Upstream excludes these too. */
const policyResources: ReadonlySet<string> = new Set([
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'mutatingadmissionpolicies.admissionregistration.k8s.io',
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
])

export class PolicyIndex<P extends AnyPolicy, B extends AnyBinding, C> {
  readonly #sources: readonly PolicySource<P, B>[]
  readonly #context: MatchContext
  readonly #compile: (policy: P) => C
  readonly #bound: (policies: readonly BoundPolicy<P, B, C>[]) => void
  /** By spec: a policy with only a changed status, or next to a changed one, is not compiled again. */
  #known = new Map<string, { readonly generation: number | undefined; readonly spec: object; readonly compiled: () => C }>()
  readonly #index = new RequestIndex<BoundPolicy<P, B, C>>({
    load: () => {
      const policies = this.#bind()
      this.#bound(policies)
      return policies
    },
    covers({ matcher, evaluatesPolicies }, operation, resource, subresource) {
      const name = groupResource(resource.group, resource.plural)
      if (questions.has(name) || (!evaluatesPolicies && policyResources.has(name))) return false
      return matcher.covers(operation, resource, subresource)
    },
  })

  /** `compile` is called with the first request for a policy, `bound` with all policies, with the next request after each change. */
  constructor(
    sources: readonly PolicySource<P, B>[],
    context: MatchContext,
    compile: (policy: P) => C,
    bound: (policies: readonly BoundPolicy<P, B, C>[]) => void,
  ) {
    this.#sources = sources
    this.#context = context
    this.#compile = compile
    this.#bound = bound
    for (const source of sources) source.onChange(() => this.#index.forget())
  }

  /** Policies that may match the request, in the order of their names. */
  candidates(request: AdmissionRequest): readonly BoundPolicy<P, B, C>[] {
    return this.#index.candidates(request)
  }

  #bind(): readonly BoundPolicy<P, B, C>[] {
    const known = this.#known
    this.#known = new Map()
    return this.#sources.flatMap((source, number) => {
      const byPolicy = Map.groupBy(source.bindings(), ({ spec }) => spec.policyName ?? '')
      return byName(source.policies()).flatMap(policy => {
        const bindings = byPolicy.get(policy.metadata.name ?? '')
        if (bindings === undefined || policy.spec.matchConstraints === undefined) return []
        const key = `${number}/${policy.metadata.uid ?? policy.metadata.name}`
        const { generation } = policy.metadata
        const old = known.get(key)
        const same = old !== undefined && (old.spec === policy.spec || (generation !== undefined && old.generation === generation))
        const compiled = same ? old.compiled : once(() => this.#compile(policy))
        this.#known.set(key, { generation, spec: policy.spec, compiled })
        return [
          {
            policy,
            evaluatesPolicies: source.evaluatesPolicies === true,
            compiled,
            matcher: compileMatchResources(policy.spec.matchConstraints, this.#context),
            bindings: byName(bindings).map(binding => {
              const { matchResources } = binding.spec
              return { binding, matcher: matchResources && compileMatchResources(matchResources, this.#context) }
            }),
          },
        ]
      })
    })
  }
}

export function boundNames(policies: readonly BoundPolicy<AnyPolicy, AnyBinding, unknown>[]): Bound[] {
  return policies.flatMap(({ policy, bindings }) =>
    bindings.map(({ binding }) => ({ policy: policy.metadata.name ?? '', binding: binding.metadata.name ?? '' })),
  )
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function byName<T extends { readonly metadata: { readonly name?: string } }>(objects: readonly T[]): readonly T[] {
  return objects.toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
}
