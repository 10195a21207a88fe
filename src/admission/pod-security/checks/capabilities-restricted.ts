import { containersOf, type VisitedContainer } from '../../../api/pods/containers-of.ts'
import { type CheckResult, type PodSecurityCheck, passed } from '../check.ts'
import { isWindows, securityContextOf } from '../containers.ts'
import { containers, quoted, sortedSet } from '../wording.ts'

const allowed = 'NET_BIND_SERVICE'

function check(visited: readonly VisitedContainer[]): CheckResult {
  const keeping = visited.filter(({ container }) => !container.securityContext?.capabilities?.drop?.includes('ALL'))
  const adding = visited.filter(({ container }) => container.securityContext?.capabilities?.add?.some(capability => capability !== allowed))
  if (keeping.length === 0 && adding.length === 0) return passed
  const names = (list: typeof visited) => containers(list.map(({ container }) => container.name))
  const values = sortedSet(
    adding.flatMap(({ container }) => container.securityContext?.capabilities?.add ?? []).filter(capability => capability !== allowed),
  )
  return {
    allowed: false,
    reason: 'unrestricted capabilities',
    detail: [
      ...(keeping.length > 0 ? [`${names(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
      ...(adding.length > 0 ? [`${names(adding)} must not include ${quoted(values)} in securityContext.capabilities.add`] : []),
    ].join('; '),
    fields: [
      ...keeping.map(({ path }) => `${path}.securityContext.capabilities.drop`),
      ...adding.map(({ path }) => `${path}.securityContext.capabilities.add`),
    ],
  }
}

/** A process with capabilities that it does not need turns a bug into a break-out. */
export const capabilitiesRestricted: PodSecurityCheck = {
  id: 'capabilities_restricted',
  level: 'restricted',
  overrides: 'capabilities_baseline',
  versions: [
    { since: 22, check: ({ visited }) => check(visited) },
    { since: 25, check: ({ spec, visited }) => (isWindows(spec) ? passed : check(visited)) },
  ],
  fix({ spec }) {
    for (const { container } of containersOf(spec)) {
      const context = securityContextOf(container)
      context.capabilities ??= {}
      if (!context.capabilities.drop?.includes('ALL')) context.capabilities.drop = ['ALL']
      if (context.capabilities.add?.some(capability => capability !== allowed))
        context.capabilities.add = context.capabilities.add.filter(capability => capability === allowed)
      if (context.capabilities.add?.length === 0) delete context.capabilities.add
    }
  },
}
