import { containersOf } from '../../../api/pods/containers-of.ts'
import { type PodSecurityCheck, passed } from '../check.ts'
import { containers, setters } from '../wording.ts'

/** Root in a container is one kernel bug away from root on the node, and owns every file of a shared volume. */
export const runAsNonRoot: PodSecurityCheck = {
  id: 'runAsNonRoot',
  level: 'restricted',
  versions: [
    {
      since: 0,
      check({ spec, visited }) {
        const pod = spec.securityContext?.runAsNonRoot
        const explicit = visited.filter(({ container }) => container.securityContext?.runAsNonRoot === false)
        const implicit = pod === true ? [] : visited.filter(({ container }) => container.securityContext?.runAsNonRoot === undefined)
        const reason = 'runAsNonRoot != true'
        if (pod === false || explicit.length > 0)
          return {
            allowed: false,
            reason,
            detail: `${setters(
              pod === false,
              explicit.map(({ container }) => container.name),
            )} must not set securityContext.runAsNonRoot=false`,
            fields: [...(pod === false ? ['spec'] : []), ...explicit.map(({ path }) => path)].map(
              path => `${path}.securityContext.runAsNonRoot`,
            ),
          }
        if (implicit.length === 0) return passed
        return {
          allowed: false,
          reason,
          detail: `pod or ${containers(implicit.map(({ container }) => container.name))} must set securityContext.runAsNonRoot=true`,
          fields: implicit.map(({ path }) => `${path}.securityContext.runAsNonRoot`),
        }
      },
    },
  ],
  fix({ spec }) {
    const all = containersOf(spec)
    for (const { container } of all) if (container.securityContext?.runAsNonRoot === false) delete container.securityContext.runAsNonRoot
    if (all.every(({ container }) => container.securityContext?.runAsNonRoot === true) && spec.securityContext?.runAsNonRoot !== false)
      return
    spec.securityContext ??= {}
    spec.securityContext.runAsNonRoot = true
  },
}
