import { containersOf } from '../../../api/pods/containers-of.ts'
import { type PodSecurityCheck, passed } from '../check.ts'
import { setters } from '../wording.ts'

/** A Windows HostProcess container runs as a process of the node, without isolation. */
export const windowsHostProcess: PodSecurityCheck = {
  id: 'windowsHostProcess',
  level: 'baseline',
  versions: [
    {
      since: 0,
      check({ spec, visited }) {
        const bad = visited.filter(({ container }) => container.securityContext?.windowsOptions?.hostProcess === true)
        const pod = spec.securityContext?.windowsOptions?.hostProcess === true
        if (bad.length === 0 && !pod) return passed
        const names = bad.map(({ container }) => container.name)
        return {
          allowed: false,
          reason: 'hostProcess',
          detail: `${setters(pod, names)} must not set securityContext.windowsOptions.hostProcess=true`,
          fields: [...(pod ? ['spec'] : []), ...bad.map(({ path }) => path)].map(
            path => `${path}.securityContext.windowsOptions.hostProcess`,
          ),
        }
      },
    },
  ],
  fix({ spec }) {
    for (const { securityContext } of [spec, ...containersOf(spec).map(({ container }) => container)]) {
      const options = securityContext?.windowsOptions
      if (securityContext === undefined || options?.hostProcess === undefined) continue
      delete options.hostProcess
      // Without options, the pod no longer asks for Windows.
      if (Object.keys(options).length === 0) delete securityContext.windowsOptions
    }
  },
}
