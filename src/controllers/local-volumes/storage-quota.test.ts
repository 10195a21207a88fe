import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import { localDriver, snapshotAnnotation } from '../../api/volumes/local-volume-names.ts'
import { events, localVolumes, nodes, persistentVolumeClaims, resourceQuotas, storageClasses } from '../../client/resources.ts'
import { startScenario } from '../scenario.testing.ts'
import { localVolumeProvisioner } from './local-volume-provisioner.ts'
import { whyAboveQuota } from './storage-quota.ts'

const quotaOf = (storage: string) => ({ metadata: { name: 'q', namespace: 'ns' }, spec: { hard: { 'requests.storage': storage } } })

test('whyAboveQuota() counts nothing where no quota limits storage', () => {
  const others = () => assert.fail('counted')
  assert.equal(whyAboveQuota([{ metadata: {}, spec: { hard: { pods: '1' } } }], 2 ** 40, others, 'claim'), undefined)
})

test('a claim counts the snapshots of its namespace: above the quota it has no volume until they are gone', async () => {
  const claimOf = (name: string): PersistentVolumeClaim => ({
    metadata: {
      name,
      namespace: 'ns',
      uid: name,
      annotations: { 'volume.kubernetes.io/storage-provisioner': localDriver, 'volume.kubernetes.io/selected-node': 'n1' },
    },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'local', resources: { requests: { storage: '1Gi' } } },
  })
  await using scenario = startScenario({
    controllers: [localVolumeProvisioner],
    prepare(api) {
      api.seed(nodes, { metadata: { name: 'n1' }, spec: {} })
      api.seed(storageClasses, {
        metadata: { name: 'local' },
        provisioner: localDriver,
        volumeBindingMode: 'WaitForFirstConsumer',
        parameters: { encryption: 'none' },
      })
      api.seed(resourceQuotas, quotaOf('2Gi'))
      api.seed(localVolumes, {
        metadata: { name: 'snap-1', annotations: { [snapshotAnnotation]: 'ns/s' } },
        spec: { nodeName: 'n1', bytes: 2 ** 30, encryption: 'none' },
      })
    },
  })
  const { api, until } = scenario
  const made = (name: string) => api.read(localVolumes, '', `pvc-${name}`) !== undefined
  api.seed(persistentVolumeClaims, claimOf('first'))
  await until(() => made('first'), 'the quota has room for one')
  api.seed(persistentVolumeClaims, claimOf('second'))
  await until(
    () => api.all(events).some(({ message = '' }) => message.includes('other claims and snapshots leave 0 bytes')),
    'it is refused',
  )
  assert.equal(made('second'), false)
  api.remove(localVolumes, '', 'snap-1')
  api.change(persistentVolumeClaims, 'ns', 'second', object => {
    object.metadata.labels = { looked: 'again' }
  })
  await until(() => made('second'), 'there is room again')
})
