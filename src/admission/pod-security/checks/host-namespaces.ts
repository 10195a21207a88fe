import { type PodSecurityCheck, passed } from '../check.ts'

const namespaces = ['hostNetwork', 'hostPID', 'hostIPC'] as const

/** The node's namespaces show a pod every process, socket and interface of the node, past each network policy. */
export const hostNamespaces: PodSecurityCheck = {
  id: 'hostNamespaces',
  level: 'baseline',
  versions: [
    {
      since: 0,
      check({ spec }) {
        const bad = namespaces.filter(name => spec[name] === true)
        if (bad.length === 0) return passed
        return {
          allowed: false,
          reason: 'host namespaces',
          detail: bad.map(name => `${name}=true`).join(', '),
          fields: bad.map(name => `spec.${name}`),
        }
      },
    },
  ],
  fix({ spec }) {
    for (const name of namespaces) delete spec[name]
  },
}
