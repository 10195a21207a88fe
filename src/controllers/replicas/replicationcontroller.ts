// Keeps the number of pods of a ReplicationController.
import type { ReplicationController } from '../../api/types/core-v1.ts'
import { ownerIndex } from '../../client/object-cache.ts'
import { pods, replicationControllers } from '../../client/resources.ts'
import { replicaController } from './replicas.ts'

export const replicationController = replicaController<ReplicationController>({
  name: 'replication-controller',
  resource: replicationControllers,
  selectorOf: ({ spec: { selector } }) =>
    selector === undefined || Object.keys(selector).length === 0 ? undefined : { matchLabels: selector },
  related: (object, { informers }) => informers.full(pods).byIndex(ownerIndex, object.metadata.uid ?? ''),
})
