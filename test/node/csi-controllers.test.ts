// The life of a volume of a CSI driver, from its claim to its end: real mounts, a real driver over gRPC, our controllers, a fake API.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { PersistentVolumeClaim, Pod } from '../../src/api/types/core-v1.ts'
import { systemClock as clock } from '../../src/base/clock.ts'
import { CsiClient } from '../../src/base/csi/csi-client.ts'
import { createRegistry } from '../../src/base/metrics/metrics.ts'
import { Client } from '../../src/client/client.ts'
import {
  csiStorageCapacities,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  storageClasses,
  volumeAttachments,
} from '../../src/client/resources.ts'
import { attachDetach } from '../../src/controllers/csi/attach-detach.ts'
import { csiAttacher } from '../../src/controllers/csi/csi-attacher.ts'
import { csiCapacity } from '../../src/controllers/csi/csi-capacity.ts'
import { csiProvisioner } from '../../src/controllers/csi/csi-provisioner.ts'
import { csiReclaimer } from '../../src/controllers/csi/csi-reclaimer.ts'
import { csiResizer } from '../../src/controllers/csi/csi-resizer.ts'
import { csiSnapshotter } from '../../src/controllers/csi/csi-snapshotter.ts'
import { runControllers } from '../../src/controllers/run-controllers.ts'
import { snapshot } from '../../src/controllers/snapshots/snapshot.ts'
import { volumeSnapshotClasses, volumeSnapshotContents, volumeSnapshots } from '../../src/controllers/snapshots/snapshot-resources.ts'
import { CsiNode, driverName, nodeName, skip } from '../csi/csi-node.ts'

const controllers = [attachDetach, csiProvisioner, csiReclaimer, csiAttacher, csiSnapshotter, csiResizer, csiCapacity, snapshot]

const claimOf = (name: string, dataSource?: PersistentVolumeClaim['spec']['dataSource']): PersistentVolumeClaim => ({
  metadata: {
    name,
    namespace: 'default',
    annotations: { 'volume.kubernetes.io/storage-provisioner': driverName, 'volume.kubernetes.io/selected-node': nodeName },
  },
  spec: {
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'fast',
    resources: { requests: { storage: '4Mi' } },
    ...(dataSource === undefined ? {} : { dataSource }),
  },
  status: { phase: 'Pending' },
})
const podOf = (name: string, claimName: string): Pod => ({
  metadata: { name, namespace: 'default' },
  spec: { containers: [], nodeName, volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }] },
})

describe('the controllers of CSI drivers', { skip }, () => {
  test('a claim is provisioned, attached, snapshotted, restored, expanded and deleted', async () => {
    await using node = await new CsiNode().start()
    const { api } = node
    const driver = await node.driver({ attach: true }, { storageCapacity: true })
    api.change(nodes, '', nodeName, object => {
      object.status = { ...object.status, conditions: [{ type: 'Ready', status: 'True' }] }
    })
    api.seed(storageClasses, { metadata: { name: 'fast' }, provisioner: driverName, reclaimPolicy: 'Delete' })
    api.seed(volumeSnapshotClasses, { metadata: { name: 'snap' }, driver: driverName, deletionPolicy: 'Delete' })
    using calls = new CsiClient({ driver: driverName, socket: driver.socket })
    const stop = new AbortController()
    const client = () => new Client(api)
    const running = runControllers(
      {
        ...{ clientFor: client, informerClient: client(), clock, log: node.log, metrics: createRegistry(), random: Math.random },
        ...{ rootCa: '', signCertificate: async () => '', controllers },
        settings: {
          csiCalls: { nodesOf: () => [nodeName], call: (_driver, method, request, signal) => calls.call(method, request, signal) },
        },
      },
      stop.signal,
    )
    const volumeOf = (claim: string) => api.all(persistentVolumes).find(({ spec }) => spec.claimRef?.name === claim)
    const bind = async (claim: string) => {
      await node.until(() => volumeOf(claim) !== undefined, `volume of ${claim}`)
      const volume = volumeOf(claim)
      api.change(persistentVolumes, '', volume?.metadata.name ?? '', object => {
        object.status = { phase: 'Bound' }
      })
      api.change(persistentVolumeClaims, 'default', claim, object => {
        object.spec.volumeName = volume?.metadata.name ?? ''
        object.status = { phase: 'Bound', capacity: { storage: '4Mi' } }
      })
      return volume ?? assert.fail()
    }
    try {
      api.seed(persistentVolumeClaims, claimOf('data'))
      const volume = await bind('data')
      assert.deepEqual(volume.spec.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.[0]?.values, [nodeName])
      api.seed(pods, podOf('p', 'data'))
      const pod = node.claiming('u1', volume)
      // The node waits for the attachment, which comes of the pod in the API.
      const path = await pod.setUp()
      writeFileSync(join(path, 'file'), 'kept')
      assert.deepEqual((await driver.volumes.require(volume.spec.csi?.volumeHandle ?? '')).nodes, [nodeName])
      api.seed(volumeSnapshots, {
        metadata: { name: 's', namespace: 'default' },
        spec: { source: { persistentVolumeClaimName: 'data' }, volumeSnapshotClassName: 'snap' },
      })
      await node.until(() => api.read(volumeSnapshots, 'default', 's')?.status?.readyToUse === true, 'snapshot')
      writeFileSync(join(path, 'file'), 'changed')
      api.seed(persistentVolumeClaims, claimOf('restored', { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' }))
      const copy = await bind('restored')
      api.seed(pods, podOf('q', 'restored'))
      const second = node.claiming('u2', copy)
      assert.equal(readFileSync(join(await second.setUp(), 'file'), 'utf8'), 'kept')
      api.change(persistentVolumeClaims, 'default', 'data', object => {
        object.spec.resources = { requests: { storage: '8Mi' } }
      })
      await node.until(
        () => api.read(persistentVolumeClaims, 'default', 'data')?.status?.allocatedResourceStatuses?.['storage'] === 'NodeResizePending',
        'growth',
      )
      assert.equal((await driver.volumes.require(volume.spec.csi?.volumeHandle ?? '')).bytes, 2 ** 23)
      await node.until(() => api.all(csiStorageCapacities).length === 1, 'capacity')
      for (const each of [pod, second]) await each.tearDown()
      for (const name of ['p', 'q']) api.remove(pods, 'default', name)
      await node.until(() => api.all(volumeAttachments).length === 0, 'detachment')
      api.change(volumeSnapshots, 'default', 's', object => {
        Object.assign(object.metadata, { deletionTimestamp: new Date().toISOString() })
      })
      await node.until(() => api.all(volumeSnapshots).length + api.all(volumeSnapshotContents).length === 0, 'end of the snapshot')
      for (const name of ['data', 'restored']) {
        api.remove(persistentVolumeClaims, 'default', name)
        api.change(persistentVolumes, '', volumeOf(name)?.metadata.name ?? '', object => {
          object.status = { phase: 'Released' }
          object.metadata.finalizers = (object.metadata.finalizers ?? []).filter(each => each !== 'kubernetes.io/pv-protection')
        })
      }
      await node.until(() => api.all(persistentVolumes).length === 0, 'deletion')
      assert.deepEqual(await driver.volumes.all(), [])
    } finally {
      stop.abort()
      await running
    }
  })
})
