import { containersOf, type VisitedContainer } from '../../../api/pods/containers-of.ts'
import { type CheckResult, type PodSecurityCheck, passed } from '../check.ts'
import { isWindows, securityContextOf } from '../containers.ts'
import { containers } from '../wording.ts'

function check(visited: readonly VisitedContainer[]): CheckResult {
  const bad = visited.filter(({ container }) => container.securityContext?.allowPrivilegeEscalation !== false)
  if (bad.length === 0) return passed
  return {
    allowed: false,
    reason: 'allowPrivilegeEscalation != false',
    detail: `${containers(bad.map(({ container }) => container.name))} must set securityContext.allowPrivilegeEscalation=false`,
    fields: bad.map(({ path }) => `${path}.securityContext.allowPrivilegeEscalation`),
  }
}

/** Without no_new_privs a set-user-ID program in the image makes any process root in the container. */
export const allowPrivilegeEscalation: PodSecurityCheck = {
  id: 'allowPrivilegeEscalation',
  level: 'restricted',
  versions: [
    { since: 8, check: ({ visited }) => check(visited) },
    { since: 25, check: ({ spec, visited }) => (isWindows(spec) ? passed : check(visited)) },
  ],
  fix({ spec }) {
    for (const { container } of containersOf(spec)) securityContextOf(container).allowPrivilegeEscalation = false
  },
}
