// Maintains the number of pods of a ReplicationController.
import { recordEvents, rule } from '../../api/policy-rule.ts'
import type { ReplicationController } from '../../api/types/core-v1.ts'
import { ownerIndex } from '../../client/cache/object-cache.ts'
import { pods, replicationControllers } from '../../client/resources.ts'
import { replicaController } from './replicas.ts'

export const replicationController = replicaController<ReplicationController>({
  name: 'replication-controller',
  identity: {
    account: 'replication-controller',
    rules: [
      rule('get list update watch', 'core', 'replicationcontrollers'),
      rule('update', 'core', 'replicationcontrollers/status'),
      rule('update', 'core', 'replicationcontrollers/finalizers'),
      rule('create delete list patch watch', 'core', 'pods'),
      recordEvents,
    ],
  },
  resource: replicationControllers,
  selectorOf: ({ spec: { selector } }) =>
    selector === undefined || Object.keys(selector).length === 0 ? undefined : { matchLabels: selector },
  related: (object, { informers }) => informers.full(pods).byIndex(ownerIndex, object.metadata.uid ?? ''),
})
