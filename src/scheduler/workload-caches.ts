// Finds the workloads of pods in the informers' caches.
import type { InformerPool } from '../client/cache/informer-pool.ts'
import { replicaSets, replicationControllers, services, statefulSets } from '../client/resources.ts'
import type { WorkloadView } from './framework/cluster-state.ts'
import { selectorsOf, type WorkloadLister } from './framework/workloads.ts'

export interface WorkloadCaches {
  readonly view: WorkloadView
  readonly caches: readonly { synced(signal: AbortSignal): Promise<void> }[]
}

export function workloadsOf(informers: InformerPool): WorkloadCaches {
  const ofServices = informers.full(services)
  const ofControllers = informers.full(replicationControllers)
  const ofReplicaSets = informers.full(replicaSets)
  const ofStatefulSets = informers.full(statefulSets)
  const lister: WorkloadLister = {
    services: namespace => ofServices.list(namespace),
    replicationController: (namespace, name) => ofControllers.get(namespace, name),
    replicaSet: (namespace, name) => ofReplicaSets.get(namespace, name),
    statefulSet: (namespace, name) => ofStatefulSets.get(namespace, name),
  }
  return {
    view: { selectorsOf: pod => selectorsOf(pod, lister) },
    caches: [ofServices, ofControllers, ofReplicaSets, ofStatefulSets],
  }
}
