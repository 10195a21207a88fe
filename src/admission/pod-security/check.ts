// One rule of the Pod Security Standards: what it forbids, since which version, and what would satisfy it.
import type { ObjectMeta } from '../../api/object.ts'
import type { PodSpec } from '../../api/types/core-v1.ts'
import type { VisitedContainer } from '../../api/validation/containers-of.ts'

export type CheckResult =
  | { readonly allowed: true }
  | {
      readonly allowed: false
      /** What is wrong, in upstream's words: `privileged`, `runAsNonRoot != true`. */
      readonly reason: string
      /** Who sets it and what is wanted, in upstream's words. */
      readonly detail: string
      /** Paths below the pod, such as `spec.containers[0].securityContext.privileged`. */
      readonly fields: readonly string[]
    }

export const passed: CheckResult = { allowed: true }

export interface CheckedPod {
  readonly metadata: ObjectMeta
  readonly spec: PodSpec
}

/** What a check sees: the pod, and all of its containers, found once for all checks. */
export interface VisitedPod extends CheckedPod {
  readonly visited: readonly VisitedContainer[]
}

/** A check as it stands from one minor version of Kubernetes on. */
export interface CheckVersion {
  /** Minor version of Kubernetes 1.x. */
  readonly since: number
  check(pod: VisitedPod): CheckResult
}

export interface PodSecurityCheck {
  readonly id: string
  readonly level: 'baseline' | 'restricted'
  /** Oldest first. */
  readonly versions: readonly CheckVersion[]
  /** The baseline check that this restricted one includes, and therefore stands for. */
  readonly overrides?: string
  /** Changes the pod, in place, to what the check wants with the least change; absent where only its author can know. */
  fix?(pod: { metadata: ObjectMeta; spec: PodSpec }): void
}
