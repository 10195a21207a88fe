// Containers with volumes of a CSI driver: a claim, a device, an inline volume, and an agent that is replaced meanwhile.
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { PersistentVolume } from '../../src/api/types/core-v1.ts'
import { until } from '../../src/base/testing/wait-until.testing.ts'
import { csiDrivers, persistentVolumeClaims, persistentVolumes } from '../../src/client/resources.ts'
import { mountsBelow } from '../../src/node/machine/mount-table.ts'
import { TestDriver } from '../csi/driver.ts'
import { loopOf } from '../csi/driver-node.ts'
import { ContainerNode, isReady, nodeName, script, skip } from './container-node.ts'

const machine = new ContainerNode()
const name = 'disk.example.com'
const { directory } = machine
const storage = join(directory.root, '..', 'storage')
const driver = new TestDriver({ name, nodeId: nodeName, folder: storage, sockets: directory.plugins, registry: directory.pluginsRegistry })

before(async () => {
  if (skip !== false) return
  await machine.start()
  for (const folder of [directory.plugins, directory.pluginsRegistry]) mkdirSync(folder, { recursive: true, mode: 0o700 })
  machine.api.seed(csiDrivers, {
    metadata: { name },
    spec: { attachRequired: false, podInfoOnMount: true, volumeLifecycleModes: ['Persistent', 'Ephemeral'] },
  })
  await driver.start()
  await registered()
})
after(async () => {
  if (skip !== false) return
  await driver.stop()
  await machine.remove()
  rmSync(storage, { recursive: true, force: true })
})

const registered = () => until(() => machine.csi.drivers.get(name) !== undefined, 'the driver is registered')
const undone = () => until(() => readdirSync(directory.csi).length === 0, 'all volumes are undone')

async function claim(id: string, spec: Partial<PersistentVolume['spec']> = {}): Promise<void> {
  await driver.volumes.make({ id, name: id, bytes: 2 ** 22, isBlock: spec.volumeMode === 'Block', context: {}, mutable: {}, nodes: [] })
  machine.api.seed(persistentVolumes, {
    metadata: { name: id },
    spec: {
      accessModes: ['ReadWriteOnce'],
      ...spec,
      csi: { driver: name, volumeHandle: id },
      claimRef: { namespace: 'default', name: id, uid: id },
    },
  })
  machine.api.seed(persistentVolumeClaims, {
    metadata: { name: id, namespace: 'default', uid: id },
    spec: { volumeName: id, accessModes: ['ReadWriteOnce'] },
    status: { phase: 'Bound' },
  })
}

test('a container writes into the claim of a driver, also after its agent was replaced', { skip }, async () => {
  await claim('files')
  const pod = machine.createPod('writer', {
    volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'files' } }],
    containers: [
      {
        name: 'c',
        ...script('echo one >/data/one', 'until [ -e /data/go ]; do sleep 0.1; done', 'echo two >/data/two', 'sleep 1000'),
        volumeMounts: [{ name: 'v', mountPath: '/data' }],
      },
    ],
  })
  await machine.until('writer', 'ready', isReady)
  const content = driver.volumes.content('files')
  assert.equal(readFileSync(join(content, 'one'), 'utf8'), 'one\n')
  await machine.stopAgent()
  await machine.startAgent()
  await registered()
  mkdirSync(join(content, 'go'))
  await until(() => readdirSync(content).includes('two'), 'the container goes on')
  await machine.until('writer', 'ready', isReady)
  assert.equal(driver.count('NodeStageVolume'), 1)
  await machine.gone(pod)
  await undone()
  assert.deepEqual(await mountsBelow(directory.csi), [])
})

test('a container has the device of a block volume, and no other', { skip }, async () => {
  await claim('disk', { volumeMode: 'Block' })
  const pod = machine.createPod('raw', {
    volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'disk' } }],
    containers: [
      {
        name: 'c',
        ...script('echo canary >/dev/disk', 'head -c 6 /dev/disk', 'sleep 1000'),
        volumeDevices: [{ name: 'v', devicePath: '/dev/disk' }],
      },
    ],
  })
  assert.equal(await machine.logUntil(await machine.until('raw', 'ready', isReady), text => text.includes('canary')), 'canary')
  const image = driver.volumes.image('disk')
  await machine.gone(pod)
  await undone()
  assert.equal(readFileSync(image).subarray(0, 6).toString(), 'canary')
  assert.equal(await loopOf(image, false), undefined)
})

test('a container reads an inline volume, which is gone with it', { skip }, async () => {
  const pod = machine.createPod('inline', {
    volumes: [{ name: 'v', csi: { driver: name, volumeAttributes: { a: 'b' } } }],
    containers: [{ name: 'c', ...script('cat /data/context.json', 'sleep 1000'), volumeMounts: [{ name: 'v', mountPath: '/data' }] }],
  })
  const text = await machine.logUntil(await machine.until('inline', 'ready', isReady), found => found.endsWith('}'))
  assert.match(text, /"a":"b".*"csi.storage.k8s.io\/pod.name":"inline"/)
  await machine.gone(pod)
  await undone()
  assert.deepEqual(
    (await driver.volumes.all()).filter(({ id }) => id.startsWith('csi-')),
    [],
  )
})
