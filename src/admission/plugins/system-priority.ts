// Priority classes above the range for users are reserved for parts of the cluster: their pods could preempt all others. Upstream needs a
// ResourceQuota for that.

import { groupResource, type KubeObject } from '../../api/object.ts'
import { locatePod, podResources } from '../../api/pods/located-pod.ts'
import { forbidden } from '../../api/status.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { PriorityClass } from '../../api/types/scheduling-v1.ts'
import { type AdmissionRequest, admitted } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'

const systemNamespace = 'kube-system'
const classes = 'priorityclasses.scheduling.k8s.io'
/** The highest value of a class by users. */
const highestOfUsers = 1_000_000_000

export const systemPriority: PluginDefinition<{ readonly reader: StoreReader }> = {
  name: 'SystemPriority',
  does: 'Refuses the priority classes of the system outside of `kube-system`',
  on: 'secure',
  guard: 'pods of any namespace preempt those of all others',
  handles: [{ operations: ['CREATE', 'UPDATE'], resources: podResources }],
  status: [{ name: 'system priorities only in kube-system', note: 'SystemPriority' }],
  create,
}

function create({ reader }: { readonly reader: StoreReader }): PluginSteps {
  const isAbove = (name: string): boolean => {
    const found = reader.get(classes, '', name) as PriorityClass | undefined
    return found !== undefined && found.value > highestOfUsers
  }
  return {
    handles: ({ namespace }) => namespace !== systemNamespace,
    async validate(request) {
      const { object, oldObject, namespace, resource, name } = request
      const wanted = classOf(request, object)
      // An existing value stays, or a finalizer could not be removed.
      if (wanted === undefined || wanted === classOf(request, oldObject) || !isAbove(wanted)) return admitted
      const why =
        `pods with ${wanted} priorityClass is not permitted in ${namespace} namespace: ` +
        `it is for ${systemNamespace}, and a class of at most ${highestOfUsers} would pass`
      return { allowed: false, error: forbidden(resource, name, why) }
    },
  }
}

function classOf({ resource }: AdmissionRequest, object: KubeObject | undefined): string | undefined {
  return object && locatePod(groupResource(resource.group, resource.plural), object)?.pod.spec.priorityClassName
}
