// Classes above those that users may define are for the cluster's own parts: whoever may take one has every other pod of the cluster
// preempted for theirs. Upstream leaves that to a ResourceQuota that somebody has to write.
import { hasPods, locatePod } from '../../api/located-pod.ts'
import { groupResource, type KubeObject } from '../../api/object.ts'
import { forbidden } from '../../api/status.ts'
import type { PriorityClass } from '../../api/types/scheduling-v1.ts'
import { type AdmissionPlugin, type AdmissionRequest, admitted, type ClusterReader } from '../admission.ts'

const systemNamespace = 'kube-system'
const classes = 'priorityclasses.scheduling.k8s.io'
/** The highest value that a class of somebody's own may have. */
const highestOfUsers = 1_000_000_000

export function systemPriority({ reader }: { readonly reader: ClusterReader }): AdmissionPlugin {
  const isAbove = (name: string): boolean => {
    const found = reader.get(classes, '', name) as PriorityClass | undefined
    return found !== undefined && found.value > highestOfUsers
  }
  return {
    name: 'SystemPriority',
    handles: ({ resource, subresource, operation, namespace }) =>
      subresource === '' &&
      (operation === 'CREATE' || operation === 'UPDATE') &&
      namespace !== systemNamespace &&
      hasPods(groupResource(resource.group, resource.plural)),
    validate(request) {
      const { object, oldObject, namespace, resource, name } = request
      const wanted = classOf(request, object)
      // What is there already stays, or a finalizer could not be taken off it.
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
