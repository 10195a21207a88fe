// Maintains the number of pods of a ReplicaSet.
import { recordEvents, rule } from '../../api/policy-rule.ts'
import type { ReplicaSet } from '../../api/types/apps-v1.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { ownerIndex, ownerUids } from '../../client/cache/object-cache.ts'
import { pods, replicaSets } from '../../client/resources.ts'
import type { Context } from '../controller.ts'
import { controllerOf, isControlledBy } from '../owner.ts'
import { replicaController } from './replicas.ts'

export const replicaSet = replicaController<ReplicaSet>({
  name: 'replicaset-controller',
  identity: {
    account: 'replicaset-controller',
    rules: [
      rule('get list update watch', 'apps extensions', 'replicasets'),
      rule('update', 'apps extensions', 'replicasets/status'),
      rule('update', 'apps extensions', 'replicasets/finalizers'),
      rule('create delete list patch watch', 'core', 'pods'),
      recordEvents,
    ],
  },
  resource: replicaSets,
  selectorOf: ({ spec }) => spec.selector ?? undefined,
  related,
})

function related(object: ReplicaSet, { informers }: Context): readonly Pod[] {
  const podCache = informers.full(pods)
  const owner = controllerOf(object)
  if (owner === undefined) return podCache.byIndex(ownerIndex, object.metadata.uid ?? '')
  const cache = informers.full(replicaSets)
  cache.addIndex(ownerIndex, ownerUids)
  return cache
    .byIndex(ownerIndex, owner.uid)
    .filter(({ metadata }) => metadata.namespace === object.metadata.namespace)
    .flatMap(sibling => podCache.byIndex(ownerIndex, sibling.metadata.uid ?? '').filter(pod => isControlledBy(pod, sibling)))
}
