// A pod may keep others off its node, not off a whole zone: one pod could empty the cluster so.
import { forbidden } from '../../api/status.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { type AdmissionPlugin, admitted } from '../admission.ts'

const allowed = 'kubernetes.io/hostname'

export const limitPodHardAntiAffinityTopology: AdmissionPlugin = {
  name: 'LimitPodHardAntiAffinityTopology',
  handles: ({ resource, subresource, operation }) =>
    resource.group === '' && resource.plural === 'pods' && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
  validate({ object, resource, name }) {
    const terms = (object as Pod).spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    const term = terms.find(({ topologyKey }) => topologyKey !== allowed)
    if (term === undefined) return admitted
    const why = `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${term.topologyKey} but only key ${allowed} is allowed`
    return { allowed: false, error: forbidden(resource, name, why) }
  },
}
