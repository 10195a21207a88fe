// For tests: the controllers of CSI drivers against an API and a driver in memory.
import assert from 'node:assert/strict'
import type { PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import { csiDrivers, csiNodes, nodes, persistentVolumeClaims, persistentVolumes, storageClasses } from '../../client/resources.ts'
import type { FakeApi } from '../../client/testing/fake-api.ts'
import type { Controller } from '../controller.ts'
import { startScenario } from '../scenario.testing.ts'
import { snapshot } from '../snapshots/snapshot.ts'
import { attachDetach } from './attach-detach.ts'
import { csiAttacher } from './csi-attacher.ts'
import { csiCapacity } from './csi-capacity.ts'
import { csiModifier } from './csi-modifier.ts'
import { csiProvisioner } from './csi-provisioner.ts'
import { csiReclaimer } from './csi-reclaimer.ts'
import { csiResizer } from './csi-resizer.ts'
import { csiSnapshotter } from './csi-snapshotter.ts'
import { FakeDriver, type Fault } from './fake-driver.testing.ts'

export const driverName = 'csi.example.com'
export const all: readonly Controller[] = [
  ...[attachDetach, csiProvisioner, csiReclaimer, csiAttacher, csiSnapshotter, csiResizer, csiModifier, csiCapacity, snapshot],
]

export const claimOf = (name: string, spec: Partial<PersistentVolumeClaim['spec']> = {}): PersistentVolumeClaim => ({
  metadata: { name, namespace: 'ns', annotations: { 'volume.kubernetes.io/storage-provisioner': driverName } },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Gi' } }, ...spec },
  status: { phase: 'Pending' },
})

export function seedCluster(api: FakeApi, parameters: Record<string, string> = {}): void {
  for (const name of ['n1', 'n2']) {
    api.seed(nodes, {
      metadata: { name, labels: { zone: name } },
      spec: {},
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    })
    api.seed(csiNodes, { metadata: { name }, spec: { drivers: [{ name: driverName, nodeID: `id-${name}`, topologyKeys: ['zone'] }] } })
  }
  api.seed(csiDrivers, { metadata: { name: driverName }, spec: { storageCapacity: true } })
  api.seed(storageClasses, { metadata: { name: 'fast' }, provisioner: driverName, parameters, reclaimPolicy: 'Delete' })
}

export function start(parameters: Record<string, string> = {}, prepare: (api: FakeApi, driver: FakeDriver) => void = () => undefined) {
  const driver = new FakeDriver(driverName, ['n1', 'n2'])
  const scenario = startScenario({
    controllers: all,
    settings: { csiCalls: driver },
    prepare(api) {
      seedCluster(api, parameters)
      prepare(api, driver)
    },
  })
  return Object.assign(scenario, { driver })
}

/** Stands in for the binding controller. */
export function bind(api: FakeApi, name: string): void {
  const volume = api.all(persistentVolumes).find(({ spec }) => spec.claimRef?.name === name)
  assert.ok(volume)
  api.change(persistentVolumes, '', volume.metadata.name ?? '', object => {
    object.status = { phase: 'Bound' }
  })
  api.change(persistentVolumeClaims, 'ns', name, object => {
    object.spec.volumeName = volume.metadata.name ?? ''
    object.status = { phase: 'Bound', capacity: { storage: '1Gi' } }
  })
}
export const volumeOf = (api: FakeApi, name: string) => api.all(persistentVolumes).find(({ spec }) => spec.claimRef?.name === name)

export const always = (fault: Fault): Fault[] => Array.from({ length: 100 }, () => fault)

/** Each call of the method fails in one way once, and the work is done all the same, once. */
export const faults: readonly { readonly name: string; readonly fault: Fault }[] = [
  { name: 'fails', fault: { code: 'INTERNAL' } },
  { name: 'is busy', fault: { code: 'ABORTED' } },
  { name: 'hangs', fault: 'hang' },
  { name: 'loses its answer', fault: 'lost' },
]
