import { containersOf } from '../../../api/pods/containers-of.ts'
import { type PodSecurityCheck, passed } from '../check.ts'
import { containers, quoted, sortedSet } from '../wording.ts'

/** An unmasked /proc shows and changes settings of the kernel that all containers share. */
export const procMount: PodSecurityCheck = {
  id: 'procMount',
  level: 'baseline',
  versions: [
    {
      since: 0,
      check({ visited }) {
        const bad = visited.filter(({ container }) => (container.securityContext?.procMount ?? 'Default') !== 'Default')
        if (bad.length === 0) return passed
        const values = sortedSet(bad.map(({ container }) => container.securityContext?.procMount ?? ''))
        return {
          allowed: false,
          reason: 'procMount',
          detail: `${containers(bad.map(({ container }) => container.name))} must not set securityContext.procMount to ${quoted(values)}`,
          fields: bad.map(({ path }) => `${path}.securityContext.procMount`),
        }
      },
    },
  ],
  fix({ spec }) {
    for (const { container } of containersOf(spec)) if (container.securityContext?.procMount) delete container.securityContext.procMount
  },
}
