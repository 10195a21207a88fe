// By default a pod stays five minutes on a node that became unreachable or not ready.
import type { Pod } from '../../api/types/core-v1.ts'
import type { PluginDefinition } from '../plugin-definition.ts'

const taints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
const seconds = 300

export const defaultTolerationSeconds: PluginDefinition = {
  name: 'DefaultTolerationSeconds',
  does: 'Keeps a pod five minutes on a node that is unreachable or not ready',
  on: 'always',
  handles: [{ operations: ['CREATE', 'UPDATE'], resources: ['pods'] }],
  create: () => ({
    async mutate({ object }) {
      if (object === undefined) return
      const { spec } = object as Pod
      for (const key of taints) {
        const tolerated = spec.tolerations?.some(
          toleration => (!toleration.key || toleration.key === key) && (!toleration.effect || toleration.effect === 'NoExecute'),
        )
        if (!tolerated)
          spec.tolerations = [...(spec.tolerations ?? []), { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }]
      }
    },
  }),
}
