import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { claimNameOf } from '../../api/pods/claim-name.ts'
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeSpec, Pod, PodSecurityContext } from '../../api/types/core-v1.ts'
import { Client } from '../../client/client.ts'
import { nodes, persistentVolumeClaims, persistentVolumes } from '../../client/resources.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import { claimSource } from './claim-volume.ts'
import { PodVolumes } from './pod-volumes.ts'
import { unsupportedVolume } from './unsupported-volume.ts'

const claim: PersistentVolumeClaim = {
  metadata: { name: 'c', namespace: 'ns', uid: 'u' },
  spec: { volumeName: 'v' },
  status: { phase: 'Bound' },
}
const volumeOf = (spec: Partial<PersistentVolumeSpec> = {}): PersistentVolume => ({
  metadata: { name: 'v' },
  spec: { claimRef: { namespace: 'ns', name: 'c', uid: 'u' }, ...spec },
})
const elsewhere = {
  nodeAffinity: { required: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n2'] }] }] } },
}
const signal = new AbortController().signal
const podVolume = { name: 'v', persistentVolumeClaim: { claimName: 'c' } }
const podOf: Pod = { metadata: { name: 'p', namespace: 'ns', uid: 'pod' }, spec: { containers: [], volumes: [podVolume] } }

function sourceOf(claim: PersistentVolumeClaim, volume: PersistentVolume) {
  const api = new FakeApi()
  api.seed(nodes, { metadata: { name: 'n1' }, spec: {} })
  api.seed(persistentVolumeClaims, claim)
  api.seed(persistentVolumes, volume)
  return claimSource(new Client(api), 'n1')
}

const refusals: { name: string; claim?: PersistentVolumeClaim; volume?: PersistentVolume; why: RegExp }[] = [
  { name: 'is not bound', claim: { ...claim, status: { phase: 'Pending' } }, why: /^PVC ns\/c is not bound$/ },
  {
    name: 'is being deleted',
    claim: { ...claim, metadata: { ...claim.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
    why: /^PVC ns\/c is being deleted$/,
  },
  { name: 'is bound to a volume that knows nothing of it', volume: { metadata: { name: 'v' }, spec: {} }, why: /nil ClaimRef/ },
  {
    name: 'names the volume of another',
    volume: volumeOf({ claimRef: { namespace: 'ns', name: 'c', uid: 'other' } }),
    why: /bound to another claim/,
  },
  { name: 'has its volume on another node', volume: volumeOf(elsewhere), why: /^node affinity of volume "v" does not match this node$/ },
]
for (const { name, claim: of = claim, volume = volumeOf(), why } of refusals) {
  test(`CVE-2019-11255: claimSource() refuses a claim that ${name}`, async () => {
    await assert.rejects(sourceOf(of, volume).volume(podOf, podVolume, signal), { message: why })
  })
}

test('claimSource() gives an ephemeral volume only a claim that was created for the pod', async () => {
  const own = { name: 'v', ephemeral: {} }
  const claimed = (uid: string): PersistentVolumeClaim => ({
    ...claim,
    metadata: {
      ...claim.metadata,
      name: 'p-v',
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid, controller: true }],
    },
  })
  assert.equal((await sourceOf(claimed('pod'), volumeOf()).volume(podOf, own, signal)).metadata.name, 'v')
  await assert.rejects(sourceOf(claimed('another'), volumeOf()).volume(podOf, own, signal), /pod is not owner/)
})

test('claimNameOf() names the claims of both kinds', () => {
  const pod: Pod = { metadata: { name: 'p' }, spec: { containers: [] } }
  assert.equal(claimNameOf(pod, { name: 'v', persistentVolumeClaim: { claimName: 'c' } }), 'c')
  assert.equal(claimNameOf(pod, { name: 'v', ephemeral: {} }), 'p-v')
  assert.equal(claimNameOf(pod, { name: 'v', emptyDir: {} }), undefined)
})

/** The result of `PodVolumes` for the volume: its path, or the error. */
async function placeOf(spec: Partial<PersistentVolumeSpec>, securityContext: PodSecurityContext = {}): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'bulkhead-claim-'))
  const volumes = new PodVolumes(join(directory, 'pod'))
  const volume = { name: 'v', persistentVolumeClaim: { claimName: 'c' } }
  const pod: Pod = { metadata: { name: 'p', namespace: 'ns' }, spec: { containers: [], volumes: [volume], securityContext } }
  const unused = () => assert.fail('not asked')
  const objects = { configMap: unused, secret: unused, services: unused }
  const context = {
    pod,
    objects,
    tokens: { token: unused },
    claims: sourceOf(claim, volumeOf(spec)),
    addresses: { podIps: [], hostIps: [], nodeName: 'n1' },
    node: { milliCpu: 0, memoryBytes: 0, ephemeralStorageBytes: 0 },
  }
  try {
    await volumes.setUp(context, signal)
    return volumes.pathOf(volume)
  } catch (err) {
    return err instanceof Error ? err.message : String(err)
  } finally {
    rmSync(directory, { recursive: true })
  }
}
const places: { name: string; spec: Partial<PersistentVolumeSpec>; want: string }[] = [
  { name: 'a local volume', spec: { local: { path: tmpdir() } }, want: tmpdir() },
  { name: 'a folder of the node', spec: { hostPath: { path: '/srv/data' } }, want: '/srv/data' },
  {
    name: 'a missing local volume',
    spec: { local: { path: '/does/not/exist' } },
    want: 'MountVolume.SetUp failed for volume "v" : hostPath type check failed: /does/not/exist is not a directory',
  },
  {
    name: 'a volume of a driver',
    spec: { csi: { driver: 'd', volumeHandle: 'h' } },
    want: 'MountVolume.SetUp failed for volume "v" : persistent volume "v": volume type "csi" is not supported on this node',
  },
  {
    name: 'nothing of a share with a password among its options, and shows none of them (CVE-2019-11252)',
    spec: { nfs: { server: '127.0.0.1', path: '/hunter2' }, mountOptions: ['password=hunter2'] },
    want: `MountVolume.SetUp failed for volume "v" : persistent volume "v": ${unsupportedVolume('nfs')}`,
  },
  {
    name: 'a block volume',
    spec: { volumeMode: 'Block', local: { path: tmpdir() } },
    want: 'MountVolume.SetUp failed for volume "v" : block volumes are not supported on this node, except those of CSI drivers',
  },
]
for (const { name, spec, want } of places) {
  test(`PodVolumes sets up ${name}`, async () => assert.equal(await placeOf(spec), want))
}

test("PodVolumes gives the target of a local volume's link to the pod's group, and mounts that target", async () => {
  const directory = mkdtempSync(join(tmpdir(), 'bulkhead-link-'))
  try {
    const folder = join(realpathSync(directory), 'folder')
    mkdirSync(folder, { mode: 0o700 })
    symlinkSync(folder, join(directory, 'link'))
    const place = await placeOf({ local: { path: join(directory, 'link') } }, { fsGroup: process.getgid?.() ?? 0 })
    assert.equal(place, folder)
    assert.equal(statSync(folder).mode & 0o7777, 0o2770)
  } finally {
    rmSync(directory, { recursive: true })
  }
})
