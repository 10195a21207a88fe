// A pod may keep others off its node, but not off a whole zone: otherwise one pod could empty the cluster.
import { forbidden } from '../../api/status.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { admitted } from '../admission.ts'
import type { PluginDefinition } from '../plugin-definition.ts'

const allowed = 'kubernetes.io/hostname'

export const limitPodHardAntiAffinityTopology: PluginDefinition = {
  name: 'LimitPodHardAntiAffinityTopology',
  does: 'Refuses required anti-affinity over anything wider than a node',
  on: 'requested',
  handles: [{ operations: ['CREATE', 'UPDATE'], resources: ['pods'] }],
  create: () => ({
    async validate({ object, resource, name }) {
      const terms = (object as Pod).spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
      const term = terms.find(({ topologyKey }) => topologyKey !== allowed)
      if (term === undefined) return admitted
      const why = `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${term.topologyKey} but only key ${allowed} is allowed`
      return { allowed: false, error: forbidden(resource, name, why) }
    },
  }),
}
