import { type PodSecurityCheck, passed } from '../check.ts'
import { plural, quoted, sortedSet } from '../wording.ts'

const allowed: ReadonlySet<string> = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
])

/** In-tree volume drivers run in the node's kernel or as its root, on parameters that the pod's author chooses. */
export const restrictedVolumes: PodSecurityCheck = {
  id: 'restrictedVolumes',
  level: 'restricted',
  overrides: 'hostPathVolumes',
  versions: [
    {
      since: 0,
      check({ spec }) {
        const bad = (spec.volumes ?? []).flatMap((volume, index) => {
          const sources = Object.keys(volume).filter(key => key !== 'name')
          if (sources.some(source => allowed.has(source))) return []
          return [{ name: volume.name, index, type: sources[0] ?? 'unknown' }]
        })
        if (bad.length === 0) return passed
        const types = sortedSet(bad.map(({ type }) => type))
        return {
          allowed: false,
          reason: 'restricted volume types',
          detail: `${plural('volume', 'volumes', bad.length)} ${quoted(bad.map(({ name }) => name))} ${plural('uses', 'use', bad.length)} ${plural('restricted volume type', 'restricted volume types', types.length)} ${quoted(types)}`,
          fields: bad.map(({ index, type }) => `spec.volumes[${index}].${type}`),
        }
      },
    },
  ],
}
