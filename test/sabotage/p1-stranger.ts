// Written from the lines that enforce, without a look at the attempts of the proof.
import type { Sabotage } from './sabotage.ts'

export const p1: readonly Sabotage[] = [
  {
    name: 'a policy denies with its last binding alone',
    file: 'src/admission/policy/evaluate-policies.ts',
    from: 'for (const { binding, matcher: narrower } of bindings) {',
    to: 'for (const { binding, matcher: narrower } of bindings.slice(-1)) {',
    proof: 'P1',
  },
  {
    name: 'narrower bindings are taken as wide ones',
    file: 'src/admission/policy/evaluate-policies.ts',
    from: 'if (narrower !== undefined && narrower.matches(this.#request) === undefined) continue',
    to: 'void narrower',
    proof: 'P1',
  },
  {
    name: 'only the first parameter object of a policy counts',
    file: 'src/admission/policy/evaluate-policies.ts',
    from: 'for (const params of all) {',
    to: 'for (const params of all.slice(-1)) {',
    proof: 'P1',
  },
  {
    name: 'an annotation that fails denies nothing',
    file: 'src/admission/policy/evaluate-policies.ts',
    from: "for (const message of annotationErrors) this.#denials.push({ policy, binding, message, reason: '' })",
    to: 'void annotationErrors',
    proof: 'P1',
  },
  {
    name: 'only the first condition counts',
    file: 'src/admission/policy/match-conditions.ts',
    from: `for (const condition of conditions) {
      const outcome`,
    to: `for (const condition of conditions.slice(0, 1)) {
      const outcome`,
    proof: 'P1',
  },
  {
    name: 'excluded rules are not excluded',
    file: 'src/admission/matching/match-resources.ts',
    from: 'if (findRule(excludeResourceRules, request, others) !== undefined) return undefined',
    to: 'void excludeResourceRules',
    proof: 'P1',
  },
  {
    name: 'a selector of objects sees the new object alone',
    file: 'src/admission/matching/match-resources.ts',
    from: 'if (objects !== undefined && !objectMatches(request, objects)) return undefined',
    to: 'if (objects !== undefined && !objects.matches(request.object?.metadata.labels)) return undefined',
    proof: 'P1',
  },
  {
    name: 'policies that come later are not known',
    file: 'src/admission/matching/request-index.ts',
    from: `forget(): void {
    this.#entries = undefined`,
    to: `forget(): void {
    if (this.#entries?.length === 0) this.#entries = undefined`,
    proof: 'P1',
  },
  {
    name: 'a webhook that says allowed as text allows',
    file: 'src/admission/webhook/review.ts',
    from: `if (typeof allowed !== 'boolean') throw unreadable('response.allowed is not a boolean')
  return {
    allowed,`,
    to: `return {
    allowed: Boolean(allowed),`,
    proof: 'P1',
  },
  {
    name: 'webhooks do not see the former object',
    file: 'src/admission/webhook/review.ts',
    from: 'oldObject: shown(request, request.oldObject, version),',
    to: 'oldObject: null,',
    proof: 'P1',
  },
  {
    name: 'requests of every user are spared dead webhooks',
    file: 'src/admission/webhook/review-by-hook.ts',
    from: 'const spared = context.exemptsSystem && isSystemRequest(request)',
    to: 'const spared = context.exemptsSystem && health.isDead(hook, clock.now())',
    proof: 'P1',
  },
  {
    name: 'attach into exempt namespaces takes no right',
    file: 'src/admission/shipped-policies/exempt-pod-exec.ts',
    from: "resources: ['pods/exec', 'pods/attach'], scope",
    to: "resources: ['pods/exec'], scope",
    proof: 'P1',
  },
  {
    name: 'ephemeral containers in exempt namespaces take no right',
    file: 'src/admission/shipped-policies/exempt-pod-exec.ts',
    from: "operations: ['UPDATE'], resources: ['pods/ephemeralcontainers'], scope",
    to: "operations: ['CREATE'], resources: ['pods/ephemeralcontainers'], scope",
    proof: 'P1',
  },
  {
    name: 'local volumes of system folders are allowed',
    file: 'src/admission/shipped-policies/host-path-volumes.ts',
    from: 'oldObject == null && (has(object.spec.hostPath) || has(object.spec.local))',
    to: 'oldObject == null && has(object.spec.hostPath)',
    proof: 'P1',
  },
  {
    name: 'folders below /var are allowed',
    file: 'src/admission/shipped-policies/host-path-volumes.ts',
    from: "const below = ['var/run', 'var/log', 'var/lib/kubelet',",
    to: "const below = ['var/run', 'var/log',",
    proof: 'P1',
  },
  {
    name: 'edit may be bound to everybody',
    file: 'src/admission/shipped-policies/broad-bindings.ts',
    from: "!(object.roleRef.name in ['cluster-admin', 'admin', 'edit'])",
    to: "!(object.roleRef.name in ['cluster-admin', 'admin'])",
    proof: 'P1',
  },
]
