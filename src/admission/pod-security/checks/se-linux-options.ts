import { containersOf, type VisitedContainer } from '../../../api/pods/containers-of.ts'
import type { PodSpec, SELinuxOptions } from '../../../api/types/core-v1.ts'
import { type CheckResult, type PodSecurityCheck, passed } from '../check.ts'
import { plural, quoted, setters, sortedSet } from '../wording.ts'

const types: ReadonlySet<string> = new Set(['', 'container_t', 'container_init_t', 'container_kvm_t'])
const typesSince31: ReadonlySet<string> = new Set([...types, 'container_engine_t'])

function check(spec: PodSpec, visited: readonly VisitedContainer[], allowed: ReadonlySet<string>): CheckResult {
  const isBad = (options: SELinuxOptions | undefined) =>
    options !== undefined && (!allowed.has(options.type ?? '') || Boolean(options.user) || Boolean(options.role))
  const podOptions = spec.securityContext?.seLinuxOptions
  const pod = isBad(podOptions)
  const bad = visited.filter(({ container }) => isBad(container.securityContext?.seLinuxOptions))
  if (!pod && bad.length === 0) return passed
  const options = [
    ...(pod && podOptions ? [podOptions] : []),
    ...bad.flatMap(({ container }) => container.securityContext?.seLinuxOptions ?? []),
  ]
  const badTypes = sortedSet(options.map(({ type }) => type ?? '').filter(type => !allowed.has(type)))
  const data = [
    ...(badTypes.length > 0 ? [`${plural('type', 'types', badTypes.length)} ${quoted(badTypes)}`] : []),
    ...(options.some(({ user }) => user) ? ['user may not be set'] : []),
    ...(options.some(({ role }) => role) ? ['role may not be set'] : []),
  ]
  const names = bad.map(({ container }) => container.name)
  return {
    allowed: false,
    reason: 'seLinuxOptions',
    detail: `${setters(pod, names)} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}`,
    fields: [...(pod ? ['spec'] : []), ...bad.map(({ path }) => path)].map(path => `${path}.securityContext.seLinuxOptions`),
  }
}

/** Another SELinux type, user or role lifts the confinement that keeps a container from the node's files. */
export const seLinuxOptions: PodSecurityCheck = {
  id: 'seLinuxOptions',
  level: 'baseline',
  versions: [
    { since: 0, check: ({ spec, visited }) => check(spec, visited, types) },
    { since: 31, check: ({ spec, visited }) => check(spec, visited, typesSince31) },
  ],
  fix({ spec }) {
    for (const { securityContext } of [spec, ...containersOf(spec).map(({ container }) => container)]) {
      const options = securityContext?.seLinuxOptions
      if (options === undefined) continue
      delete options.user
      delete options.role
      if (!types.has(options.type ?? '')) delete options.type
    }
  },
}
