// One rule of the Pod Security Standards: what it forbids, since which version, and how to satisfy it.
import type { ObjectMeta } from '../../api/object.ts'
import type { VisitedContainer } from '../../api/pods/containers-of.ts'
import type { PodSpec } from '../../api/types/core-v1.ts'

export type CheckResult =
  | { readonly allowed: true }
  | {
      readonly allowed: false
      /** The fault in upstream's words: `privileged`, `runAsNonRoot != true`. */
      readonly reason: string
      /** Where it is set and what is required, in upstream's words. */
      readonly detail: string
      /** Paths within the pod, such as `spec.containers[0].securityContext.privileged`. */
      readonly fields: readonly string[]
    }

export const passed: CheckResult = { allowed: true }

export interface CheckedPod {
  readonly metadata: ObjectMeta
  readonly spec: PodSpec
}

/** The input of checks: the pod and all of its containers, collected once for all checks. */
export interface VisitedPod extends CheckedPod {
  readonly visited: readonly VisitedContainer[]
}

/** A check from one minor version of Kubernetes on. */
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
  /** The baseline check that this restricted one includes and replaces. */
  readonly overrides?: string
  /** Changes the pod in place to satisfy the check with the smallest change; absent if only the author can decide. */
  fix?(pod: { metadata: ObjectMeta; spec: PodSpec }): void
}
