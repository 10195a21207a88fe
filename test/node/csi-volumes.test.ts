// Volumes of CSI drivers on a node: real mounts and loop devices, a real driver over gRPC, a fake API.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { badRequest } from '../../src/api/status.ts'
import type { Volume } from '../../src/api/types/core-v1.ts'
import { attachmentName } from '../../src/api/volumes/csi-volume-names.ts'
import { csiNodes, nodes, persistentVolumeClaims, persistentVolumes, volumeAttachments } from '../../src/client/resources.ts'
import { isMountPoint } from '../../src/node/machine/mount-table.ts'
import { CsiNode, driverName, nodeName, provisioned, skip } from '../csi/csi-node.ts'
import { loopOf } from '../csi/driver-node.ts'

const inline: Volume = { name: 'scratch', csi: { driver: driverName, volumeAttributes: { size: '1Mi' } } }

describe('CSI volumes of a node', { skip }, () => {
  test('a driver is registered in CSINode and labels, and leaves with its socket', async () => {
    await using node = await new CsiNode().start()
    const driver = await node.driver({ maxVolumes: 7, topology: { 'topology.example.com/rack': 'r1' } })
    const entry = { name: driverName, nodeID: nodeName, topologyKeys: ['topology.example.com/rack'], allocatable: { count: 7 } }
    assert.deepEqual(node.api.read(csiNodes, '', nodeName)?.spec.drivers, [entry])
    assert.equal(node.api.read(nodes, '', nodeName)?.metadata.labels?.['topology.example.com/rack'], 'r1')
    await node.until(() => driver.registered.some(({ plugin_registered }) => plugin_registered === true), 'the driver is told')
    await driver.stop()
    await node.until(() => node.api.read(csiNodes, '', nodeName)?.spec.drivers?.length === 0, 'the driver is removed')
  })

  test('a claim is staged once and published for each pod, and everything is undone', async () => {
    await using node = await new CsiNode().start()
    const driver = await node.driver()
    const volume = await provisioned(driver, 'a', { mountOptions: ['noatime'] })
    const [one, two] = [node.claiming('u1', volume), node.claiming('u2', volume)]
    const path = await one.setUp()
    writeFileSync(join(path, 'file'), 'kept')
    assert.equal(readFileSync(join(await two.setUp(), 'file'), 'utf8'), 'kept')
    assert.equal(driver.count('NodeStageVolume'), 1)
    assert.equal(driver.count('NodePublishVolume'), 2)
    await one.tearDown()
    assert.equal(driver.count('NodeUnstageVolume'), 0)
    await two.tearDown()
    assert.equal(driver.count('NodeUnpublishVolume'), 2)
    assert.equal(driver.count('NodeUnstageVolume'), 1)
    assert.deepEqual(await node.mounts(), [])
    assert.deepEqual(readdirSync(node.directory.csi), [])
    assert.deepEqual(readdirSync(node.directory.pods), [])
    assert.equal(readFileSync(join(driver.volumes.content('volume-a'), 'file'), 'utf8'), 'kept')
  })

  test('an inline volume gets the pod’s information, and no word of the pod’s author for it', async () => {
    await using node = await new CsiNode().start()
    await node.driver({}, { podInfoOnMount: true, volumeLifecycleModes: ['Ephemeral'] })
    const forged = { ...inline, csi: { driver: driverName, volumeAttributes: { size: '1Mi', 'csi.storage.k8s.io/pod.name': 'forged' } } }
    const pod = node.pod('u1', forged, { serviceAccountName: 'reader' })
    const context = readFileSync(join(await pod.setUp(), 'context.json'), 'utf8')
    assert.deepEqual(JSON.parse(context), {
      size: '1Mi',
      'csi.storage.k8s.io/ephemeral': 'true',
      'csi.storage.k8s.io/pod.name': 'pod-u1',
      'csi.storage.k8s.io/pod.namespace': 'default',
      'csi.storage.k8s.io/pod.uid': 'u1',
      'csi.storage.k8s.io/serviceAccount.name': 'reader',
    })
    await pod.tearDown()
    assert.deepEqual(await node.mounts(), [])
  })

  test('an inline volume of a driver for persistent volumes is refused', async () => {
    await using node = await new CsiNode().start()
    const driver = await node.driver()
    await assert.rejects(node.pod('u1', inline).setUp(), /volume mode "Ephemeral" not supported by driver disk.example.com/)
    assert.equal(driver.count('NodePublishVolume'), 0)
  })

  test('a block volume is a device, whose loop device goes with its last pod', async () => {
    await using node = await new CsiNode().start()
    const driver = await node.driver()
    const volume = await provisioned(driver, 'b', { volumeMode: 'Block' })
    const pod = node.claiming('u1', volume)
    const path = await pod.setUp()
    assert.ok(lstatSync(path).isBlockDevice())
    const image = driver.volumes.image('volume-b')
    assert.notEqual(await loopOf(image, false), undefined)
    await pod.tearDown()
    assert.equal(await loopOf(image, false), undefined)
    assert.deepEqual(await node.mounts(), [])
  })

  test('ReadWriteOncePod is kept on the node', async () => {
    await using node = await new CsiNode().start()
    const volume = await provisioned(await node.driver(), 'c', { accessModes: ['ReadWriteOncePod'] })
    const [one, two] = [node.claiming('u1', volume), node.claiming('u2', volume)]
    await one.setUp()
    await assert.rejects(two.setUp(), /ReadWriteOncePod access mode and is already in use by pod "default\/pod-u1"/)
    await one.tearDown()
    await two.setUp()
    await two.tearDown()
  })

  test('a volume is read-only where the claim of the pod says so, and access modes reach the driver', async () => {
    await using node = await new CsiNode().start()
    const driver = await node.driver()
    const pod = node.claiming(
      'u1',
      await provisioned(driver, 'd', {
        accessModes: ['ReadOnlyMany'],
        csi: { driver: driverName, volumeHandle: 'volume-d', readOnly: true },
      }),
    )
    const path = await pod.setUp()
    assert.throws(() => writeFileSync(join(path, 'x'), ''), /EROFS/)
    assert.match(JSON.stringify(driver.last('NodePublishVolume')?.['volumeCapability']), /MULTI_NODE_READER_ONLY/)
    await pod.tearDown()
  })

  for (const { name, object, nodeCan, fsType, gid, passed } of [
    { name: 'File', object: { fsGroupPolicy: 'File' as const }, nodeCan: [], fsType: '', gid: 4321, passed: '' },
    { name: 'the default without a file system', object: {}, nodeCan: [], fsType: '', gid: 0, passed: '' },
    { name: 'the default with a file system', object: {}, nodeCan: [], fsType: 'ext4', gid: 4321, passed: '' },
    { name: 'None', object: { fsGroupPolicy: 'None' as const }, nodeCan: [], fsType: 'ext4', gid: 0, passed: '' },
    {
      name: 'VOLUME_MOUNT_GROUP',
      object: { fsGroupPolicy: 'File' as const },
      nodeCan: ['VOLUME_MOUNT_GROUP'],
      fsType: '',
      gid: 0,
      passed: '4321',
    },
  ])
    test(`fsGroup by ${name}`, async () => {
      await using node = await new CsiNode().start()
      const driver = await node.driver({ nodeCan }, object)
      const volume = await provisioned(driver, 'g', { csi: { driver: driverName, volumeHandle: 'volume-g', fsType } })
      const pod = node.claiming('u1', volume, { securityContext: { fsGroup: 4321 } })
      assert.equal(statSync(await pod.setUp()).gid, gid)
      const said = JSON.stringify(driver.last('NodePublishVolume')?.['volumeCapability'])
      assert.equal(/"volumeMountGroup":"(\d*)"/.exec(said)?.[1], passed)
      await pod.tearDown()
    })

  test('a pod waits for the attachment, and the driver gets its context; the node says what is in use', async () => {
    await using node = await new CsiNode().start()
    const driver = await node.driver({ attach: true })
    const pod = node.claiming('u1', await provisioned(driver, 'e'))
    await assert.rejects(pod.setUp(), /the volume of driver "disk.example.com" is not attached to this node: there is no VolumeAttachment/)
    const name = attachmentName('volume-e', driverName, nodeName)
    const spec = { attacher: driverName, nodeName, source: { persistentVolumeName: 'pv-e' } }
    node.api.seed(volumeAttachments, {
      metadata: { name },
      spec,
      status: { attached: false, attachError: { message: 'the storage\nis full' } },
    })
    await assert.rejects(pod.setUp(), /driver "disk.example.com" could not attach the volume to this node: the storage is full/)
    assert.equal(driver.count('NodeStageVolume'), 0)
    const begun = pod.setUp()
    node.api.change(volumeAttachments, '', name, found => {
      found.status = { attached: true, attachmentMetadata: { 'attached-to': nodeName } }
    })
    await begun
    assert.deepEqual(node.api.read(nodes, '', nodeName)?.status?.volumesInUse, [`kubernetes.io/csi/${driverName}^volume-e`])
    await pod.tearDown()
    assert.deepEqual(node.api.read(nodes, '', nodeName)?.status?.volumesInUse, [])
  })

  test('an attached volume is staged only after the node has said that it is in use', async () => {
    await using node = await new CsiNode().start()
    const driver = await node.driver({ attach: true })
    const spec = { attacher: driverName, nodeName, source: { persistentVolumeName: 'pv-e' } }
    const metadata = { name: attachmentName('volume-e', driverName, nodeName) }
    node.api.seed(volumeAttachments, { metadata, spec, status: { attached: true, attachmentMetadata: { 'attached-to': nodeName } } })
    const pod = node.claiming('u1', await provisioned(driver, 'e'))
    node.api.refuse = ({ body }) => {
      if (JSON.stringify(body).includes('volume-e')) throw badRequest('the store is full')
    }
    for (let turn = 0; turn < 2; turn++) await assert.rejects(pod.setUp(), /the store is full/)
    assert.equal(driver.count('NodeStageVolume'), 0)
    node.api.refuse = () => undefined
    await pod.setUp()
    assert.deepEqual(node.api.read(nodes, '', nodeName)?.status?.volumesInUse, [`kubernetes.io/csi/${driverName}^volume-e`])
    await pod.tearDown()
  })

  test('a claim that waits for the node grows while it is used, and says so', async () => {
    await using node = await new CsiNode().start()
    const driver = await node.driver()
    const volume = await provisioned(driver, 'f', { volumeMode: 'Block' })
    const pod = node.claiming('u1', volume)
    const path = await pod.setUp()
    await driver.volumes.grow(await driver.volumes.require('volume-f'), 2 ** 23)
    node.api.seed(persistentVolumes, { ...volume, spec: { ...volume.spec, capacity: { storage: '8Mi' } } })
    node.api.seed(persistentVolumeClaims, {
      metadata: { name: 'c', namespace: 'default' },
      spec: { volumeName: 'pv-f' },
      status: {
        phase: 'Bound',
        capacity: { storage: '4Mi' },
        allocatedResourceStatuses: { storage: 'NodeResizePending' },
        conditions: [{ type: 'FileSystemResizePending', status: 'True' }],
      },
    })
    const status = () => node.api.read(persistentVolumeClaims, 'default', 'c')?.status
    await node.until(() => status()?.capacity?.['storage'] === '8Mi', 'the claim has grown')
    assert.deepEqual([status()?.conditions, status()?.allocatedResourceStatuses], [[], undefined])
    assert.equal(driver.count('NodeExpandVolume'), 1)
    assert.equal(execFileSync('blockdev', ['--getsize64', path]).toString().trim(), String(2 ** 23))
    await pod.tearDown()
  })

  test('a driver that is not there is named, with those that are', async () => {
    await using node = await new CsiNode().start()
    await node.driver({ name: 'other.example.com' })
    await assert.rejects(
      node.pod('u1', inline).setUp(),
      /driver "disk.example.com" is not registered on this node \("other.example.com" is\)/,
    )
  })

  test('only what the driver said is mounted: a link in place of the volume is refused', async () => {
    await using node = await new CsiNode().start()
    const driver = await node.driver({}, { volumeLifecycleModes: ['Ephemeral'] })
    driver.faults.set('NodePublishVolume', { wrong: {} })
    const pod = node.pod('u1', inline)
    await assert.rejects(
      pod.setUp(),
      /driver "disk.example.com" failed in NodePublishVolume: .*there is nothing at the target path instead of a folder/,
    )
    await pod.tearDown()
    assert.equal(await isMountPoint(node.directory.pods), false)
  })
})
