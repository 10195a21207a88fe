// Publishes what nodes report to have for volumes, as CSIStorageCapacities, which the scheduler reads.
import { read, rule } from '../../api/policy-rule.ts'
import type { CSIStorageCapacity } from '../../api/types/storage-v1.ts'
import { cannotEncryptAnnotation, capacityNamespace, localDriver } from '../../api/volumes/local-volume-names.ts'
import { csiStorageCapacities, nodes, storageClasses } from '../../client/resources.ts'
import { type Controller, done, follow } from '../controller.ts'
import { capacitiesOf, isCapacityOf } from './capacity-plan.ts'

export const localVolumeCapacity: Controller = {
  name: 'local-volume-capacity',
  identity: {
    account: 'local-volume-capacity',
    own: true,
    rules: [rule(read, 'core', 'nodes'), rule(read, 'storage.k8s.io', 'storageclasses csistoragecapacities')],
    roles: [{ namespace: capacityNamespace, rules: [rule('create delete update', 'storage.k8s.io', 'csistoragecapacities')] }],
  },
  watches: nodes,
  follows: [
    follow({
      resource: storageClasses,
      keys: ({ provisioner }, { informers }) =>
        provisioner === localDriver
          ? informers
              .full(nodes)
              .list()
              .map(({ metadata }) => metadata.name ?? '')
          : [],
    }),
    follow({
      resource: csiStorageCapacities,
      keys: ({ nodeTopology }) => {
        const node = nodeTopology?.matchLabels?.['kubernetes.io/hostname']
        return node === undefined ? [] : [node]
      },
    }),
  ],
  begin({ client, informers }) {
    const nodeCache = informers.full(nodes)
    const known = informers.full(csiStorageCapacities)
    const classes = informers.full(storageClasses)
    return async (key, signal) => {
      const node = nodeCache.getByKey(key)
      const wanted = node === undefined ? [] : capacitiesOf(node, classes.list())
      for (const capacity of wanted) {
        const old = known.get(capacityNamespace, capacity.metadata.name ?? '')
        if (old === undefined) await client.create(csiStorageCapacities, capacityNamespace, capacity, signal)
        else if (differs(old, capacity)) {
          const { resourceVersion } = old.metadata
          await client.update(
            csiStorageCapacities,
            { ...capacity, metadata: { ...capacity.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) } },
            signal,
          )
        }
      }
      for (const old of known.list()) {
        if (old.metadata.namespace !== capacityNamespace || !isCapacityOf(old, key)) continue
        if (wanted.some(({ metadata }) => metadata.name === old.metadata.name)) continue
        await client.delete(csiStorageCapacities, capacityNamespace, old.metadata.name ?? '', {}, signal)
      }
      return done
    }
  },
}

const differs = (a: CSIStorageCapacity, b: CSIStorageCapacity): boolean =>
  String(a.capacity) !== String(b.capacity) ||
  a.metadata.annotations?.[cannotEncryptAnnotation] !== b.metadata.annotations?.[cannotEncryptAnnotation]
