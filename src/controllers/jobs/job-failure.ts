// Which pods of a Job failed, and the action of its podFailurePolicy for each. Pure.
import type { Job, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule } from '../../api/types/batch-v1.ts'
import type { ContainerStatus, Pod } from '../../api/types/core-v1.ts'

/** Whether a pod is replaced only after it has failed, not while it is terminating. */
export function replacesOnlyFailed({ spec }: Job): boolean {
  return spec.podReplacementPolicy === 'Failed' || (spec.podReplacementPolicy == null && spec.podFailurePolicy != null)
}

/** A pod that is being deleted counts, because its end may never be reported. */
export function isPodFailed(pod: Pod, job: Job): boolean {
  if (pod.status?.phase === 'Failed') return true
  if (replacesOnlyFailed(job)) return false
  return pod.metadata.deletionTimestamp !== undefined && pod.status?.phase !== 'Succeeded'
}

export interface FailureMatch {
  readonly action: string
  /** Which rule matched what; only for FailJob. */
  readonly message: string
}

/** The first rule that matches a failed pod; undefined if none does. */
export function matchFailurePolicy(job: Job, pod: Pod): FailureMatch | undefined {
  for (const [index, rule] of (job.spec.podFailurePolicy?.rules ?? []).entries()) {
    if (rule.action === 'FailIndex' && job.spec.backoffLimitPerIndex == null) continue
    const message = matchRule(rule, index, pod)
    if (message !== undefined) return { action: rule.action, message }
  }
  return undefined
}

function matchRule(rule: PodFailurePolicyRule, index: number, pod: Pod): string | undefined {
  const name = `${pod.metadata.namespace}/${pod.metadata.name}`
  const ending = `matching ${rule.action} rule at index ${index}`
  if (rule.onExitCodes != null) {
    const found = failedContainer(rule.onExitCodes, pod)
    return found && `Container ${found.name} for pod ${name} failed with exit code ${found.state?.terminated?.exitCode} ${ending}`
  }
  for (const pattern of rule.onPodConditions ?? []) {
    const met = pod.status?.conditions?.some(({ type, status }) => type === pattern.type && status === (pattern.status ?? 'True'))
    if (met === true) return `Pod ${name} has condition ${pattern.type} ${ending}`
  }
  return undefined
}

function failedContainer(
  { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement,
  pod: Pod,
): ContainerStatus | undefined {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]
  return statuses.find(({ name, state }) => {
    const code = state?.terminated?.exitCode ?? 0
    if (code === 0 || (containerName != null && containerName !== name)) return false
    return operator === 'In' ? values.includes(code) : operator === 'NotIn' && !values.includes(code)
  })
}

/** Whether a failed pod counts for the backoff limit. */
export function countsAsFailure(job: Job, pod: Pod): boolean {
  return matchFailurePolicy(job, pod)?.action !== 'Ignore'
}

/** Why the policy fails the whole job; undefined if no pod makes it. */
export function failJobMessage(job: Job, pods: readonly Pod[]): string | undefined {
  if (job.spec.podFailurePolicy == null) return undefined
  for (const pod of pods) {
    const match = isPodFailed(pod, job) ? matchFailurePolicy(job, pod) : undefined
    if (match?.action === 'FailJob') return match.message
  }
  return undefined
}
