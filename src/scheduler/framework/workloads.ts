// Selectors of a pod's workload and services, because such pods are spread by default. Pure.

import type { ReplicaSet, StatefulSet } from '../../api/types/apps-v1.ts'
import type { Pod, ReplicationController, Service } from '../../api/types/core-v1.ts'
import type { LabelSelector } from '../../api/types/meta-v1.ts'
import { selectsByMap } from '../../client/cache/label-selector.ts'

/** What the scheduler sees of workloads. */
export interface WorkloadLister {
  services(namespace: string): readonly Service[]
  replicationController(namespace: string, name: string): ReplicationController | undefined
  replicaSet(namespace: string, name: string): ReplicaSet | undefined
  statefulSet(namespace: string, name: string): StatefulSet | undefined
}

/**
 * Selectors of the services that select the pod and of its controller (upstream's DefaultSelector): pods that match all of them are its
 * siblings.
 */
export function selectorsOf(pod: Pod, lister: WorkloadLister): readonly LabelSelector[] {
  const { namespace = '', labels } = pod.metadata
  const maps = lister.services(namespace).flatMap(({ spec }) => (selectsByMap(spec?.selector, labels) ? [spec?.selector ?? {}] : []))
  const selectors: LabelSelector[] = maps.map(matchLabels => ({ matchLabels }))
  const own = controllerSelector(pod, lister)
  if (own !== undefined) selectors.push(own)
  return selectors.filter(({ matchLabels = {}, matchExpressions = [] }) => Object.keys(matchLabels).length + matchExpressions.length > 0)
}

function controllerSelector({ metadata }: Pod, lister: WorkloadLister): LabelSelector | undefined {
  const { namespace = '' } = metadata
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  switch (`${owner?.apiVersion} ${owner?.kind}`) {
    case 'v1 ReplicationController': {
      const matchLabels = lister.replicationController(namespace, owner?.name ?? '')?.spec?.selector
      return matchLabels && { matchLabels }
    }
    case 'apps/v1 ReplicaSet':
      return lister.replicaSet(namespace, owner?.name ?? '')?.spec?.selector ?? undefined
    case 'apps/v1 StatefulSet':
      return lister.statefulSet(namespace, owner?.name ?? '')?.spec?.selector ?? undefined
    default:
      return undefined
  }
}
