import { type PodSecurityCheck, passed } from '../check.ts'
import { plural, quoted } from '../wording.ts'

/** A host path gives a pod the node's own files: credentials, sockets, other pods' volumes. */
export const hostPathVolumes: PodSecurityCheck = {
  id: 'hostPathVolumes',
  level: 'baseline',
  versions: [
    {
      since: 0,
      check({ spec }) {
        const volumes = spec.volumes ?? []
        const bad = volumes.filter(({ hostPath }) => hostPath !== undefined)
        if (bad.length === 0) return passed
        return {
          allowed: false,
          reason: 'hostPath volumes',
          detail: `${plural('volume', 'volumes', bad.length)} ${quoted(bad.map(({ name }) => name))}`,
          fields: bad.map(volume => `spec.volumes[${volumes.indexOf(volume)}].hostPath`),
        }
      },
    },
  ],
}
