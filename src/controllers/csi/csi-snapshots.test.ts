// Snapshots of CSI drivers against an API and a driver in memory, with faults in each call.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VolumeSnapshot } from '../../api/volumes/snapshot-objects.ts'
import { persistentVolumeClaims } from '../../client/resources.ts'
import { volumeSnapshotClasses, volumeSnapshotContents, volumeSnapshots } from '../snapshots/snapshot-resources.ts'
import { always, bind, claimOf, driverName, faults, start, volumeOf } from './csi-cluster.testing.ts'

for (const { name, fault } of faults)
  test(`a snapshot is taken, restored and deleted with a driver that ${name} in each call`, async () => {
    await using scenario = start({}, api => {
      api.seed(volumeSnapshotClasses, { metadata: { name: 'snap' }, driver: driverName, deletionPolicy: 'Delete' })
    })
    const { api, driver, until } = scenario
    api.seed(persistentVolumeClaims, claimOf('data'))
    await until(() => volumeOf(api, 'data') !== undefined, 'volume')
    bind(api, 'data')
    driver.fail('CreateSnapshot', fault)
    driver.fail('DeleteSnapshot', fault)
    const request: VolumeSnapshot = {
      metadata: { name: 's', namespace: 'ns' },
      spec: { source: { persistentVolumeClaimName: 'data' }, volumeSnapshotClassName: 'snap' },
    }
    api.seed(volumeSnapshots, request)
    await until(() => api.read(volumeSnapshots, 'ns', 's')?.status?.readyToUse === true, 'snapshot')
    assert.deepEqual(api.read(volumeSnapshots, 'ns', 's')?.status?.error, undefined)
    assert.equal(driver.snapshots.size, 1)
    const source = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' }
    api.seed(persistentVolumeClaims, claimOf('restored', { dataSource: source }))
    await until(() => volumeOf(api, 'restored') !== undefined, 'restored volume')
    assert.deepEqual(
      [...driver.volumes.values()].map(volume => volume.source),
      [undefined, [...driver.snapshots.values()][0]?.id],
    )
    bind(api, 'restored')
    api.change(volumeSnapshots, 'ns', 's', object => {
      Object.assign(object.metadata, { deletionTimestamp: new Date().toISOString() })
    })
    await until(() => api.read(volumeSnapshots, 'ns', 's') === undefined, 'end')
    assert.deepEqual([api.all(volumeSnapshotContents), driver.snapshots.size], [[], 0])
  })

test('a snapshot that is deleted while it is taken leaves none behind', async () => {
  await using scenario = start({}, api => {
    api.seed(volumeSnapshotClasses, { metadata: { name: 'snap' }, driver: driverName, deletionPolicy: 'Delete' })
  })
  const { api, driver, until } = scenario
  api.seed(persistentVolumeClaims, claimOf('data'))
  await until(() => volumeOf(api, 'data') !== undefined, 'volume')
  bind(api, 'data')
  driver.fail('CreateSnapshot', ...always('lost'))
  api.seed(volumeSnapshots, {
    metadata: { name: 's', namespace: 'ns' },
    spec: { source: { persistentVolumeClaimName: 'data' }, volumeSnapshotClassName: 'snap' },
  })
  await until(() => driver.count('CreateSnapshot') > 0, 'first call')
  api.change(volumeSnapshots, 'ns', 's', object => {
    Object.assign(object.metadata, { deletionTimestamp: new Date().toISOString() })
  })
  driver.faults.clear()
  await until(() => api.read(volumeSnapshots, 'ns', 's') === undefined, 'end')
  assert.equal(driver.snapshots.size, 0)
})
