import { containersOf } from '../../../api/pods/containers-of.ts'
import { type PodSecurityCheck, passed } from '../check.ts'
import { containers, plural, sortedSet } from '../wording.ts'

/** A host port lets a pod listen on the node itself, past every network policy. */
export const hostPorts: PodSecurityCheck = {
  id: 'hostPorts',
  level: 'baseline',
  versions: [
    {
      since: 0,
      check({ visited }) {
        const bad = visited.filter(({ container }) => container.ports?.some(port => port.hostPort))
        if (bad.length === 0) return passed
        const ports = sortedSet(
          bad.flatMap(({ container }) => (container.ports ?? []).flatMap(({ hostPort }) => (hostPort ? [String(hostPort)] : []))),
        )
        return {
          allowed: false,
          reason: 'hostPort',
          detail: `${containers(bad.map(({ container }) => container.name))} ${plural('uses', 'use', bad.length)} ${plural('hostPort', 'hostPorts', ports.length)} ${ports.join(', ')}`,
          fields: bad.flatMap(({ container, path }) =>
            (container.ports ?? []).flatMap((port, index) => (port.hostPort ? [`${path}.ports[${index}].hostPort`] : [])),
          ),
        }
      },
    },
  ],
  fix({ spec }) {
    for (const { container } of containersOf(spec)) for (const port of container.ports ?? []) delete port.hostPort
  },
}
