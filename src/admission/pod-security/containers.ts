// Helpers of several checks for pods and containers.
import type { PodSpec, SecurityContext } from '../../api/types/core-v1.ts'

/** The container's security context, created if missing; for fixes. */
export function securityContextOf(container: { securityContext?: SecurityContext }): SecurityContext {
  container.securityContext ??= {}
  return container.securityContext
}

export const isWindows = (spec: PodSpec): boolean => spec.os?.name === 'windows'
