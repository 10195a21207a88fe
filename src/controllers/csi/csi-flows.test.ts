// The controllers of CSI drivers against an API and a driver in memory, with faults in each call.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeDomainLabel } from '../../api/pods/trust-domain.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { CsiControllerMethod } from '../../base/csi/csi-methods.ts'
import {
  csiDrivers,
  csiStorageCapacities,
  leases,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  secrets,
  volumeAttachments,
  volumeAttributesClasses,
} from '../../client/resources.ts'
import { startScenario } from '../scenario.testing.ts'
import { all, always, bind, claimOf, driverName, faults, seedCluster, start, volumeOf } from './csi-cluster.testing.ts'
import { controllersAnnotation } from './csi-drivers.ts'
import { FakeDriver } from './fake-driver.testing.ts'
import { provisioningFinalizer } from './provision-plan.ts'

for (const { name, fault } of faults)
  test(`a volume lives from its claim to its deletion with a driver that ${name} in each call`, async () => {
    await using scenario = start()
    const { api, driver, until } = scenario
    const methods: readonly CsiControllerMethod[] = [
      'GetPluginCapabilities',
      'ControllerGetCapabilities',
      'CreateVolume',
      'ControllerPublishVolume',
      'ControllerExpandVolume',
      'ControllerUnpublishVolume',
      'DeleteVolume',
    ]
    for (const method of methods) driver.fail(method, fault)
    api.seed(persistentVolumeClaims, claimOf('data'))
    await until(() => volumeOf(api, 'data') !== undefined, 'volume')
    assert.equal(driver.volumes.size, 1)
    bind(api, 'data')
    const pod: Pod = {
      metadata: { name: 'p', namespace: 'ns' },
      spec: { containers: [], nodeName: 'n1', volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] },
    }
    api.seed(pods, pod)
    await until(() => api.all(volumeAttachments)[0]?.status?.attached === true, 'attachment')
    assert.deepEqual([...driver.attached], [`${volumeOf(api, 'data')?.spec.csi?.volumeHandle}@id-n1`])
    assert.deepEqual(api.all(volumeAttachments)[0]?.status?.attachmentMetadata, { device: 'sdx' })
    api.change(persistentVolumeClaims, 'ns', 'data', object => {
      object.spec.resources = { requests: { storage: '2Gi' } }
    })
    await until(() => api.read(persistentVolumeClaims, 'ns', 'data')?.status?.capacity?.['storage'] === '2Gi', 'growth')
    assert.deepEqual(
      [...driver.volumes.values()].map(({ bytes }) => bytes),
      [2 ** 31],
    )
    api.remove(pods, 'ns', 'p')
    await until(() => api.all(volumeAttachments).length === 0, 'detachment')
    assert.equal(driver.attached.size, 0)
    await until(() => api.read(persistentVolumeClaims, 'ns', 'data')?.metadata.finalizers?.includes(provisioningFinalizer) !== true, 'mark')
    api.remove(persistentVolumeClaims, 'ns', 'data')
    const { name: volume = '' } = volumeOf(api, 'data')?.metadata ?? {}
    api.change(persistentVolumes, '', volume, object => {
      object.status = { phase: 'Released' }
      object.metadata.finalizers = (object.metadata.finalizers ?? []).filter(each => each !== 'kubernetes.io/pv-protection')
    })
    await until(() => api.all(persistentVolumes).length === 0, 'deletion')
    assert.equal(driver.volumes.size, 0)
    for (const method of methods) assert.deepEqual(driver.faults.get(method), [], method)
  })

test('a claim that is deleted while its volume is made leaves none behind', async () => {
  await using scenario = start()
  const { api, driver, until } = scenario
  driver.fail('CreateVolume', ...always('lost'))
  api.seed(persistentVolumeClaims, claimOf('data'))
  // The work is done, and nobody knows.
  await until(() => driver.count('CreateVolume') > 0, 'first call')
  const claim = api.read(persistentVolumeClaims, 'ns', 'data')
  assert.ok(claim?.metadata.finalizers?.includes(provisioningFinalizer))
  api.change(persistentVolumeClaims, 'ns', 'data', object => {
    object.metadata.deletionTimestamp = new Date().toISOString()
  })
  driver.faults.clear()
  await until(() => api.read(persistentVolumeClaims, 'ns', 'data') === undefined, 'end of the claim')
  const { name = '' } = volumeOf(api, 'data')?.metadata ?? {}
  api.change(persistentVolumes, '', name, object => {
    object.status = { phase: 'Released' }
    object.metadata.finalizers = (object.metadata.finalizers ?? []).filter(each => each !== 'kubernetes.io/pv-protection')
  })
  await until(() => api.all(persistentVolumes).length === 0, 'deletion')
  assert.equal(driver.volumes.size, 0)
})

test('a claim that is deleted after the driver has refused it ends at once', async () => {
  await using scenario = start()
  const { api, driver, until } = scenario
  driver.fail('CreateVolume', ...always({ code: 'INVALID_ARGUMENT' }))
  api.seed(persistentVolumeClaims, claimOf('data'))
  await until(() => driver.count('CreateVolume') > 0, 'first call')
  api.change(persistentVolumeClaims, 'ns', 'data', object => {
    object.metadata.deletionTimestamp = new Date().toISOString()
  })
  await until(() => api.read(persistentVolumeClaims, 'ns', 'data') === undefined, 'end of the claim')
  assert.deepEqual([api.all(persistentVolumes), driver.volumes.size], [[], 0])
})

test('two controllers at once make one volume', async () => {
  const driver = new FakeDriver(driverName, ['n1'])
  await using first = startScenario({ controllers: all, settings: { csiCalls: driver }, prepare: seedCluster })
  const { runControllers } = await import('../run-controllers.ts')
  const { Client } = await import('../../client/client.ts')
  const { createRegistry } = await import('../../base/metrics/metrics.ts')
  const { silentLogger } = await import('../../base/log.ts')
  const { systemClock } = await import('../../base/clock.ts')
  const stop = new AbortController()
  const second = runControllers(
    {
      ...{ clientFor: () => new Client(first.api), informerClient: new Client(first.api), clock: systemClock, log: silentLogger },
      ...{ metrics: createRegistry(), random: () => 0, rootCa: '', signCertificate: async () => '', controllers: all },
      settings: { csiCalls: driver },
    },
    stop.signal,
  )
  for (let index = 0; index < 5; index++) first.api.seed(persistentVolumeClaims, claimOf(`c${index}`))
  await first.until(() => first.api.all(persistentVolumes).length === 5, 'volumes')
  assert.equal(driver.volumes.size, 5)
  stop.abort()
  await second
})

test('secrets are those that the class names, and stand in no object or event', async () => {
  const canary = 'canary-of-a-secret'
  const parameters = {
    'csi.storage.k8s.io/provisioner-secret-name': `key-$\{pvc.name}`,
    'csi.storage.k8s.io/provisioner-secret-namespace': `$\{pvc.namespace}`,
    'csi.storage.k8s.io/node-stage-secret-name': 'stage',
    'csi.storage.k8s.io/node-stage-secret-namespace': 'storage',
    type: 'ssd',
  }
  await using scenario = start(parameters, api => {
    api.seed(secrets, { metadata: { name: 'key-data', namespace: 'ns' }, data: { token: Buffer.from(canary).toString('base64') } })
  })
  const { api, driver, until } = scenario
  driver.fail('CreateVolume', { code: 'INTERNAL' })
  api.seed(persistentVolumeClaims, claimOf('data'))
  await until(() => volumeOf(api, 'data') !== undefined, 'volume')
  const created = driver.requests.filter(({ method }) => method === 'CreateVolume').at(-1)?.request
  assert.deepEqual([created?.['secrets'], created?.['parameters']], [{ token: canary }, { type: 'ssd' }])
  assert.deepEqual(volumeOf(api, 'data')?.spec.csi?.nodeStageSecretRef, { name: 'stage', namespace: 'storage' })
  const written = JSON.stringify(api.requests.filter(({ method }) => method !== 'GET'))
  assert.ok(!written.includes(canary))
})

test('a class that puts the name of a claim into the namespace of a secret makes no volume', async () => {
  const parameters = {
    'csi.storage.k8s.io/provisioner-secret-name': 'key',
    'csi.storage.k8s.io/provisioner-secret-namespace': `$\{pvc.name}`,
  }
  await using scenario = start(parameters, api => {
    api.seed(secrets, { metadata: { name: 'key', namespace: 'victim' }, data: {} })
  })
  const { api, driver, until } = scenario
  api.seed(persistentVolumeClaims, claimOf('victim'))
  await until(() => JSON.stringify(api.requests).includes('unknown template'), 'event')
  assert.equal(driver.count('CreateVolume'), 0)
})

test('a driver with sidecars is left to them: by an annotation, and while one of them holds its lease', async () => {
  for (const sign of ['annotation', 'lease'] as const) {
    await using scenario = start({}, api => {
      if (sign === 'annotation')
        api.change(csiDrivers, '', driverName, object => {
          object.metadata.annotations = { [controllersAnnotation]: 'sidecars' }
        })
      else
        api.seed(leases, {
          metadata: { name: driverName, namespace: 'kube-system' },
          spec: { holderIdentity: 'sidecar', renewTime: new Date().toISOString() },
        })
    })
    const { api, driver, until } = scenario
    api.seed(persistentVolumeClaims, claimOf('data'))
    // The claim after it has been looked at when this one has its volume: the driver of another name is served.
    await until(
      () =>
        api.requests.some(({ path }) =>
          sign === 'lease' ? path.includes('/leases/') : path.includes('watch') || path.includes('storageclasses'),
        ),
      'look',
    )
    for (let turn = 0; turn < 200; turn++) await new Promise(resolve => setImmediate(resolve))
    assert.equal(driver.count('CreateVolume'), 0, sign)
  }
})

test('a volume goes where its pod is, and says which nodes reach it', async () => {
  await using scenario = start({}, (_, driver) => {
    driver.hasTopology = true
  })
  const { api, driver, until } = scenario
  const claim = claimOf('data')
  claim.metadata.annotations = { ...claim.metadata.annotations, 'volume.kubernetes.io/selected-node': 'n2' }
  api.seed(persistentVolumeClaims, claim)
  await until(() => volumeOf(api, 'data') !== undefined, 'volume')
  const created = driver.requests.find(({ method }) => method === 'CreateVolume')
  assert.equal(created?.node, 'n2')
  assert.deepEqual(volumeOf(api, 'data')?.spec.nodeAffinity?.required?.nodeSelectorTerms, [
    { matchExpressions: [{ key: 'zone', operator: 'In', values: ['n2'] }] },
  ])
  await until(() => api.all(csiStorageCapacities).length === 2, 'capacities')
  assert.deepEqual(
    api
      .all(csiStorageCapacities)
      .map(({ nodeTopology, capacity }) => `${nodeTopology?.matchLabels?.['zone']} ${capacity}`)
      .sort(),
    ['n1 1Ti', 'n2 1Ti'],
  )
})

test('a claim reserves nothing on a node of another trust domain', async () => {
  await using scenario = start({}, api => {
    api.change(nodes, '', 'n2', object => {
      object.metadata.labels = { ...object.metadata.labels, [nodeDomainLabel]: 'red' }
    })
  })
  const { api, driver, until } = scenario
  const claim = claimOf('data')
  claim.metadata.annotations = { ...claim.metadata.annotations, 'volume.kubernetes.io/selected-node': 'n2' }
  api.seed(persistentVolumeClaims, claim)
  await until(
    () => api.read(persistentVolumeClaims, 'ns', 'data')?.metadata.annotations?.['volume.kubernetes.io/selected-node'] === undefined,
    'new choice',
  )
  assert.ok(!driver.requests.some(({ node }) => node === 'n2'))
})

test('a node without room gives the claim back to the scheduler', async () => {
  await using scenario = start()
  const { api, driver, until } = scenario
  driver.fail('CreateVolume', { code: 'RESOURCE_EXHAUSTED' })
  const claim = claimOf('data')
  claim.metadata.annotations = { ...claim.metadata.annotations, 'volume.kubernetes.io/selected-node': 'n2' }
  api.seed(persistentVolumeClaims, claim)
  await until(
    () => api.read(persistentVolumeClaims, 'ns', 'data')?.metadata.annotations?.['volume.kubernetes.io/selected-node'] === undefined,
    'new choice',
  )
})

test('attributes of a volume in use change with the class that its claim names', async () => {
  await using scenario = start({}, api => {
    for (const name of ['silver', 'gold']) api.seed(volumeAttributesClasses, { metadata: { name }, driverName, parameters: { iops: name } })
  })
  const { api, driver, until } = scenario
  api.seed(persistentVolumeClaims, claimOf('data', { volumeAttributesClassName: 'silver' }))
  await until(() => volumeOf(api, 'data') !== undefined, 'volume')
  assert.deepEqual([...driver.volumes.values()][0]?.attributes, { iops: 'silver' })
  bind(api, 'data')
  const status = () => api.read(persistentVolumeClaims, 'ns', 'data')?.status
  await until(() => status()?.currentVolumeAttributesClassName === 'silver', 'silver')
  assert.equal(driver.count('ControllerModifyVolume'), 0)
  driver.fail('ControllerModifyVolume', { code: 'INVALID_ARGUMENT' })
  api.change(persistentVolumeClaims, 'ns', 'data', object => {
    object.spec.volumeAttributesClassName = 'gold'
  })
  await until(() => status()?.currentVolumeAttributesClassName === 'gold', 'gold')
  assert.equal(status()?.modifyVolumeStatus, undefined)
  assert.deepEqual([...driver.volumes.values()][0]?.attributes, { iops: 'gold' })
  assert.ok(JSON.stringify(api.requests).includes('"Infeasible"'))
  api.change(persistentVolumeClaims, 'ns', 'data', object => {
    object.spec.volumeAttributesClassName = 'missing'
  })
  await until(() => status()?.modifyVolumeStatus?.status === 'Pending', 'pending')
})

test('a volume that the node has to expand waits for it', async () => {
  await using scenario = start({}, (_, driver) => {
    driver.needsNodeExpansion = true
  })
  const { api, driver, until } = scenario
  api.seed(persistentVolumeClaims, claimOf('data'))
  await until(() => volumeOf(api, 'data') !== undefined, 'volume')
  bind(api, 'data')
  api.change(persistentVolumeClaims, 'ns', 'data', object => {
    object.spec.resources = { requests: { storage: '2Gi' } }
  })
  const status = () => api.read(persistentVolumeClaims, 'ns', 'data')?.status
  await until(() => status()?.conditions?.[0]?.type === 'FileSystemResizePending', 'condition')
  assert.deepEqual([status()?.capacity, status()?.allocatedResourceStatuses], [{ storage: '1Gi' }, { storage: 'NodeResizePending' }])
  assert.equal(volumeOf(api, 'data')?.spec.capacity?.['storage'], '2Gi')
  assert.equal(driver.count('ControllerExpandVolume'), 1)
})
