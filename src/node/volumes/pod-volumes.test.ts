import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { schemaFor } from '../../api/schema/model.ts'
import type { Volume } from '../../api/types/core-v1.ts'
import { podOf } from '../pod/fixture.ts'
import { MountError, PodVolumes } from './pod-volumes.ts'
import { unsupportedVolume } from './unsupported-volume.ts'

for (const source of [{ emptyDir: {} }, { configMap: { name: 'cm' } }] satisfies Partial<Volume>[]) {
  test(`CVE-2017-1002102: PodVolumes does not use the target of a link in place of a volume: ${Object.keys(source)[0]}`, async t => {
    const directory = mkdtempSync(join(tmpdir(), 'bulkhead-volumes-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const [elsewhere, pod] = [join(directory, 'elsewhere'), join(directory, 'pod')]
    mkdirSync(elsewhere)
    mkdirSync(join(pod, 'volumes'), { recursive: true })
    symlinkSync(elsewhere, join(pod, 'volumes', 'v'))
    const unused = () => assert.fail('not asked')
    const context = {
      pod: podOf({ volumes: [{ name: 'v', ...source }] }),
      objects: { configMap: async () => ({ metadata: { name: 'cm' }, data: { k: 'v' } }), secret: unused, services: unused },
      tokens: { token: unused },
      claims: { volume: unused },
      addresses: { podIps: [], hostIps: [], nodeName: 'n1' },
      node: { milliCpu: 0, memoryBytes: 0, ephemeralStorageBytes: 0 },
    }
    const volumes = new PodVolumes(pod)
    const isRefused = (err: unknown) => err instanceof MountError && err.message.endsWith('volumes/v" is a symbolic link')
    await assert.rejects(volumes.setUp(context, AbortSignal.timeout(60_000)), isRefused)
    assert.deepEqual(readdirSync(elsewhere), [])
    await volumes.tearDown()
    assert.deepEqual(readdirSync(directory), ['elsewhere'])
  })
}

/** Hosts, passwords and repositories that a node must not contact, use or show. */
const refused: Omit<Required<Volume>, 'name' | (typeof carriedOut)[number]> = {
  awsElasticBlockStore: { volumeID: 'hunter2' },
  azureDisk: { diskName: 'hunter2', diskURI: 'https://127.0.0.1:1/hunter2' },
  azureFile: { secretName: 'hunter2', shareName: '../hunter2' },
  cephfs: { monitors: ['127.0.0.1:1'], user: 'hunter2', secretRef: { name: 'hunter2' } },
  cinder: { volumeID: 'hunter2', secretRef: { name: 'hunter2' } },
  csi: { driver: 'secrets-store.csi.k8s.io', volumeAttributes: { path: '../../hunter2' }, nodePublishSecretRef: { name: 'hunter2' } },
  fc: { targetWWNs: ['hunter2'], lun: 0 },
  flexVolume: { driver: '../../../bin/sh', options: { password: 'hunter2' }, secretRef: { name: 'hunter2' } },
  flocker: { datasetName: 'hunter2' },
  gcePersistentDisk: { pdName: 'hunter2' },
  gitRepo: { repository: 'file:///etc/hunter2', revision: '--upload-pack=touch /hunter2', directory: '.git' },
  glusterfs: { endpoints: 'hunter2', path: '../hunter2' },
  image: { reference: 'registry.example/hunter2:1' },
  iscsi: { targetPortal: '127.0.0.1:1', iqn: 'iqn.2026-01.example:hunter2', lun: 0, secretRef: { name: 'hunter2' } },
  nfs: { server: '127.0.0.1', path: '/../hunter2' },
  photonPersistentDisk: { pdID: 'hunter2' },
  portworxVolume: { volumeID: 'hunter2' },
  quobyte: { registry: '127.0.0.1:1', volume: 'hunter2' },
  rbd: { monitors: ['127.0.0.1:1'], image: 'hunter2', secretRef: { name: 'hunter2' } },
  scaleIO: { gateway: 'https://127.0.0.1:1/hunter2', system: 's', secretRef: { name: 'hunter2' } },
  storageos: { volumeName: 'hunter2', secretRef: { name: 'hunter2' } },
  vsphereVolume: { volumePath: '[hunter2] ../x' },
}
const carriedOut = [
  'configMap',
  'secret',
  'projected',
  'downwardAPI',
  'emptyDir',
  'hostPath',
  'persistentVolumeClaim',
  'ephemeral',
] as const

test('each volume type is implemented, or is among those that PodVolumes refuses', () => {
  const spec = schemaFor('', 'v1', 'Pod')?.byName.get('spec')?.type
  const volumes = spec?.kind === 'struct' ? spec.byName.get('volumes')?.type : undefined
  const item = volumes?.kind === 'list' ? volumes.item : undefined
  assert.ok(item?.kind === 'struct')
  assert.deepEqual(item.fields.map(({ name }) => name).sort(), ['name', ...carriedOut, ...Object.keys(refused)].sort())
})

const titles: Readonly<Record<string, string>> = {
  azureDisk: 'CVE-2017-1002100: PodVolumes refuses a disk of Azure, and asks no cloud for anything',
  csi: 'PodVolumes without CSI drivers refuses a volume of one, and makes no token for it',
  gitRepo: 'CVE-2024-10220 and CVE-2025-1767: PodVolumes refuses a gitRepo, and starts nothing for it',
  rbd: 'CVE-2020-8566: PodVolumes refuses a volume of Ceph RBD, and reads no Secret for it',
  vsphereVolume: 'CVE-2020-8563: PodVolumes refuses a volume of vSphere, and shows nothing of it',
}
for (const [type, source] of Object.entries(refused)) {
  test(titles[type] ?? `PodVolumes refuses a volume of type ${type}, reads nothing for it and shows nothing of it`, async t => {
    const directory = mkdtempSync(join(tmpdir(), 'bulkhead-volumes-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const unused = () => assert.fail('not asked')
    const context = {
      pod: podOf({ volumes: [{ name: 'v', [type]: source }] }),
      objects: { configMap: unused, secret: unused, services: unused },
      tokens: { token: unused },
      claims: { volume: unused },
      addresses: { podIps: [], hostIps: [], nodeName: 'n1' },
      node: { milliCpu: 0, memoryBytes: 0, ephemeralStorageBytes: 0 },
    }
    const message = `MountVolume.SetUp failed for volume "v" : ${unsupportedVolume(type)}`
    const isWhole = (err: unknown) => err instanceof MountError && err.message === message
    await assert.rejects(new PodVolumes(directory).setUp(context, AbortSignal.timeout(60_000)), isWhole)
    assert.deepEqual(readdirSync(join(directory, 'volumes')), [])
  })
}

test('unsupportedVolume() says why shares and disks that do not authenticate the node are refused', () => {
  assert.match(unsupportedVolume('nfs'), /is not supported on this node: NFS without Kerberos or TLS does not authenticate the node/)
  assert.match(unsupportedVolume('iscsi'), /is not supported on this node: iSCSI without CHAP does not authenticate the node/)
  assert.equal(unsupportedVolume('constructor'), 'volume type "constructor" is not supported on this node')
})
