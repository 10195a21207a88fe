import { containersOf } from '../../../api/pods/containers-of.ts'
import { type PodSecurityCheck, passed } from '../check.ts'
import { containers } from '../wording.ts'

/** A privileged container has the node's devices and all capabilities: it is root on the node. */
export const privileged: PodSecurityCheck = {
  id: 'privileged',
  level: 'baseline',
  versions: [
    {
      since: 0,
      check({ visited }) {
        const bad = visited.filter(({ container }) => container.securityContext?.privileged === true)
        if (bad.length === 0) return passed
        return {
          allowed: false,
          reason: 'privileged',
          detail: `${containers(bad.map(({ container }) => container.name))} must not set securityContext.privileged=true`,
          fields: bad.map(({ path }) => `${path}.securityContext.privileged`),
        }
      },
    },
  ],
  fix({ spec }) {
    for (const { container } of containersOf(spec)) if (container.securityContext?.privileged) delete container.securityContext.privileged
  },
}
