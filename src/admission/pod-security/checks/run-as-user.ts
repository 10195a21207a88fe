import { containersOf } from '../../../api/pods/containers-of.ts'
import { type PodSecurityCheck, passed } from '../check.ts'
import { setters } from '../wording.ts'

/** User 0 is root whatever runAsNonRoot says; the pod would only fail on the node. */
export const runAsUser: PodSecurityCheck = {
  id: 'runAsUser',
  level: 'restricted',
  versions: [
    {
      since: 23,
      check({ spec, visited }) {
        const pod = spec.securityContext?.runAsUser === 0
        const bad = visited.filter(({ container }) => container.securityContext?.runAsUser === 0)
        if (!pod && bad.length === 0) return passed
        const names = bad.map(({ container }) => container.name)
        return {
          allowed: false,
          reason: 'runAsUser=0',
          detail: `${setters(pod, names)} must not set runAsUser=0`,
          fields: [...(pod ? ['spec'] : []), ...bad.map(({ path }) => path)].map(path => `${path}.securityContext.runAsUser`),
        }
      },
    },
  ],
  fix({ spec }) {
    for (const { securityContext } of [spec, ...containersOf(spec).map(({ container }) => container)])
      if (securityContext?.runAsUser === 0) delete securityContext.runAsUser
  },
}
