import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csiDrivers, csiNodes, persistentVolumeClaims, persistentVolumes, storageClasses } from '../../client/resources.ts'
import { type Context, done } from '../controller.ts'
import { startScenario } from '../scenario.testing.ts'
import { always, claimOf, driverName, seedCluster } from './csi-cluster.testing.ts'
import { csiProvisioner } from './csi-provisioner.ts'
import { inDriverLanes, maxAtOnce } from './driver-lanes.ts'
import { FakeDriver } from './fake-driver.testing.ts'

test('a driver that hangs in each call delays no other driver, and gets a few calls at a time', async () => {
  const other = 'other.example.com'
  const drivers = [driverName, other].map(name => new FakeDriver(name, ['n1']))
  const [stuck, well] = drivers
  assert.ok(stuck !== undefined && well !== undefined)
  stuck.fail('CreateVolume', ...always('stuck'))
  const of = (name: string) => (name === other ? well : stuck)
  await using scenario = startScenario({
    controllers: [csiProvisioner],
    settings: {
      csiCalls: {
        call: (driver, method, request, signal, node) => of(driver).call(driver, method, request, signal, node),
        nodesOf: driver => of(driver).nodesOf(driver),
      },
    },
    prepare(api) {
      seedCluster(api)
      api.change(csiNodes, '', 'n1', object => {
        object.spec = { drivers: [driverName, other].map(name => ({ name, nodeID: 'n1', topologyKeys: [] })) }
      })
      api.seed(csiDrivers, { metadata: { name: other }, spec: {} })
      api.seed(storageClasses, { metadata: { name: 'other' }, provisioner: other, reclaimPolicy: 'Delete' })
      for (let index = 0; index < 20; index++) api.seed(persistentVolumeClaims, claimOf(`stuck-${index}`))
    },
  })
  const { api, until } = scenario
  await until(() => stuck.count('CreateVolume') === maxAtOnce, 'the driver hangs in as many calls as it gets')
  const claim = claimOf('well', { storageClassName: 'other' })
  api.seed(persistentVolumeClaims, {
    ...claim,
    metadata: { ...claim.metadata, annotations: { 'volume.kubernetes.io/storage-provisioner': other } },
  })
  await until(() => api.all(persistentVolumes).some(({ spec }) => spec.csi?.driver === other), 'the other driver provisions')
  assert.equal(stuck.count('CreateVolume'), maxAtOnce)
})

test('inDriverLanes() runs every key, also if one that waited has another driver by then or none', async () => {
  const drivers = new Map<string, string | undefined>()
  const queue: string[] = []
  const ends: (() => void)[] = []
  const ran: string[] = []
  const context = { enqueue: (key: string) => queue.push(key) } as unknown as Context
  const reconcile = inDriverLanes(
    context,
    key => drivers.get(key),
    async key => {
      ran.push(key)
      if (drivers.get(key) !== undefined) await new Promise<void>(resolve => ends.push(resolve))
      return done
    },
  )
  const { signal } = new AbortController()
  const keys = Array.from({ length: maxAtOnce + 3 }, (_, index) => `k${index}`)
  for (const key of keys) drivers.set(key, 'a')
  const all = keys.map(key => reconcile(key, signal))
  assert.equal(ran.length, maxAtOnce)
  drivers.set(`k${maxAtOnce}`, undefined)
  drivers.set(`k${maxAtOnce + 1}`, 'b')
  while (ran.length < keys.length) {
    ends.shift()?.()
    await new Promise(setImmediate)
    for (const key of queue.splice(0)) all.push(reconcile(key, signal))
  }
  for (const end of ends) end()
  await Promise.all(all)
  assert.deepEqual(ran.toSorted(), keys.toSorted())
})
