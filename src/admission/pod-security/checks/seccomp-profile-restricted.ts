import { containersOf, type VisitedContainer } from '../../../api/pods/containers-of.ts'
import type { PodSpec } from '../../../api/types/core-v1.ts'
import { type CheckResult, type PodSecurityCheck, passed } from '../check.ts'
import { isWindows } from '../containers.ts'
import { containers } from '../wording.ts'
import { allowedSeccomp, explicitSeccomp } from './seccomp-profile-baseline.ts'

function check(spec: PodSpec, visited: readonly VisitedContainer[]): CheckResult {
  const explicit = explicitSeccomp(spec, visited)
  if (!explicit.allowed) return explicit
  if (allowedSeccomp(spec.securityContext?.seccompProfile?.type)) return passed
  const silent = visited.filter(({ container }) => container.securityContext?.seccompProfile === undefined)
  if (silent.length === 0) return passed
  return {
    allowed: false,
    reason: 'seccompProfile',
    detail: `pod or ${containers(silent.map(({ container }) => container.name))} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
    fields: silent.map(({ path }) => `${path}.securityContext.seccompProfile.type`),
  }
}

/** Many runtimes run without a profile by default, so an unset profile would mean Unconfined. */
export const seccompProfileRestricted: PodSecurityCheck = {
  id: 'seccompProfile_restricted',
  level: 'restricted',
  overrides: 'seccompProfile_baseline',
  versions: [
    { since: 19, check: ({ spec, visited }) => check(spec, visited) },
    { since: 25, check: ({ spec, visited }) => (isWindows(spec) ? passed : check(spec, visited)) },
  ],
  fix({ spec }) {
    const all = containersOf(spec)
    for (const { container } of all) {
      const context = container.securityContext
      if (context?.seccompProfile && !allowedSeccomp(context.seccompProfile.type)) delete context.seccompProfile
    }
    if (allowedSeccomp(spec.securityContext?.seccompProfile?.type)) return
    spec.securityContext ??= {}
    spec.securityContext.seccompProfile = { type: 'RuntimeDefault' }
  },
}
