// Snapshots and clones of volumes on nodes' disks: taken, restored where they are, erased, and nobody else's.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { isReason } from '../../../api/status.ts'
import type { PersistentVolumeClaim, Pod } from '../../../api/types/core-v1.ts'
import type { VolumeSnapshot } from '../../../api/volumes/snapshot-objects.ts'
import { resourceRef } from '../../../client/resource-ref.ts'
import { localVolumes, namespaces, persistentVolumeClaims, pods, resourceQuotas } from '../../../client/resources.ts'
import { volumeSnapshotClasses, volumeSnapshotContents, volumeSnapshots } from '../../../controllers/snapshots/snapshot-resources.ts'
import { type Cluster, startCluster } from '../bootstrapped.testing.ts'
import { restrictedPod } from '../secured-api.testing.ts'
import { type Client, waitFor } from './local-volumes.testing.ts'

const limit = (): AbortSignal => AbortSignal.timeout(120_000)
let cluster: Cluster
let client: Client
before(async () => {
  cluster = await startCluster({ simulatedNodes: 2 })
  client = cluster.client
})
after(() => cluster[Symbol.asyncDispose]())

const claimOf = (name: string, more: Partial<PersistentVolumeClaim['spec']> = {}): PersistentVolumeClaim => ({
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...more },
})
const podOf = (name: string, claim: string): Pod => {
  const pod = restrictedPod(name, { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: claim } }] })
  return { ...pod, metadata: { name } } as Pod
}
const snapshotOf = (name: string, source: VolumeSnapshot['spec']['source'], className?: string): VolumeSnapshot => ({
  metadata: { name },
  spec: { source, ...(className === undefined ? {} : { volumeSnapshotClassName: className }) },
})
const fromSnapshot = (name: string) => ({ dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name } })
const missing = async (read: Promise<unknown>): Promise<boolean> =>
  read.then(
    () => false,
    (err: unknown) => isReason(err, 'NotFound'),
  )
const spaceOf = async (name: string): Promise<string> => {
  await client.create(namespaces, '', { metadata: { name }, spec: {} }, limit())
  return name
}
const bound = (namespace: string, name: string) =>
  waitFor(
    limit(),
    () => client.get(persistentVolumeClaims, namespace, name, limit()),
    ({ status }) => status?.phase === 'Bound',
  )
const filled = async (namespace: string, claim: PersistentVolumeClaim): Promise<PersistentVolumeClaim> => {
  await client.create(persistentVolumeClaims, namespace, claim, limit())
  await client.create(pods, namespace, podOf(`pod-${claim.metadata.name}`, claim.metadata.name ?? ''), limit())
  return await bound(namespace, claim.metadata.name ?? '')
}
const volumeOf = async ({ spec }: PersistentVolumeClaim) => await client.get(localVolumes, '', spec.volumeName ?? '', limit())
const taken = async (namespace: string, snapshot: VolumeSnapshot, by: Client = client): Promise<VolumeSnapshot> => {
  await by.create(volumeSnapshots, namespace, snapshot, limit())
  return await waitFor(
    limit(),
    () => client.get(volumeSnapshots, namespace, snapshot.metadata.name ?? '', limit()),
    ({ status }) => status?.readyToUse === true,
  )
}
const failure = (namespace: string, name: string, text: RegExp) =>
  waitFor(
    limit(),
    () => client.get(volumeSnapshots, namespace, name, limit()),
    ({ status }) => text.test(status?.error?.message ?? ''),
  )
const adminOf = async (name: string, namespace: string): Promise<Client> => {
  await client.create(
    resourceRef('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding'),
    namespace,
    {
      metadata: { name: 'edit' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
      subjects: [{ kind: 'User', name, apiGroup: 'rbac.authorization.k8s.io' }],
    } as object as Pod,
    limit(),
  )
  return cluster.as({ name })
}

test('the definitions of snapshots are there, with a class for volumes on nodes', async () => {
  const definitions = resourceRef('apiextensions.k8s.io', 'v1', 'customresourcedefinitions', 'CustomResourceDefinition', false)
  const names = (await client.listAll(definitions, {}, limit())).map(({ metadata }) => metadata.name)
  for (const plural of ['volumesnapshotclasses', 'volumesnapshotcontents', 'volumesnapshots'])
    assert.ok(names.includes(`${plural}.snapshot.storage.k8s.io`))
  assert.deepEqual((await client.get(volumeSnapshotClasses, '', 'local', limit())).deletionPolicy, 'Delete')
})

test('their rules hold: one source, which never changes', async () => {
  const namespace = await spaceOf('rules')
  const source = { persistentVolumeClaimName: 'c' }
  const isInvalid = (text: RegExp) => (err: unknown) => isReason(err, 'Invalid') && text.test(String(err))
  await assert.rejects(client.create(volumeSnapshots, namespace, snapshotOf('none', {}), limit()), isInvalid(/oneOf|must validate one/))
  const both = snapshotOf('both', { ...source, volumeSnapshotContentName: 'x' })
  await assert.rejects(client.create(volumeSnapshots, namespace, both, limit()), isInvalid(/oneOf|must validate one/))
  await assert.rejects(
    client.create(volumeSnapshots, namespace, snapshotOf('class', source, ''), limit()),
    isInvalid(/must not be the empty string/),
  )
  await client.create(volumeSnapshots, namespace, snapshotOf('s', source), limit())
  const change = { spec: { source: { persistentVolumeClaimName: 'd' } } }
  await assert.rejects(client.patch(volumeSnapshots, namespace, 's', change, { type: 'merge' }, limit()), isInvalid(/immutable/))
})

test('a snapshot is taken, restored on its node in a larger volume, and erased', async () => {
  const namespace = await spaceOf('usual')
  const source = await filled(namespace, claimOf('data'))
  const snapshot = await taken(namespace, snapshotOf('s', { persistentVolumeClaimName: 'data' }))
  assert.equal(snapshot.spec.volumeSnapshotClassName, 'local')
  assert.equal(snapshot.status?.restoreSize, String(2 ** 30))
  assert.notEqual(snapshot.status?.creationTime, undefined)
  const name = `snap-${snapshot.metadata.uid}`
  const copy = await client.get(localVolumes, '', name, limit())
  const original = await volumeOf(source)
  assert.deepEqual(
    [copy.spec.source, copy.spec.nodeName, copy.spec.encryption],
    [original.metadata.name, original.spec.nodeName, original.spec.encryption],
  )
  // The claim is free again.
  await waitFor(
    limit(),
    () => client.get(persistentVolumeClaims, namespace, 'data', limit()),
    ({ metadata }) => metadata.finalizers?.every(finalizer => !finalizer.includes('snapshot')) === true,
  )
  // Several, so that one lands on the wrong node first.
  for (const restored of ['r1', 'r2', 'r3']) {
    const larger = { ...fromSnapshot('s'), resources: { requests: { storage: '2Gi' } } }
    const volume = await volumeOf(await filled(namespace, claimOf(restored, larger)))
    assert.deepEqual([volume.spec.source, volume.spec.nodeName, volume.spec.bytes], [name, original.spec.nodeName, 2 ** 31])
  }
  await client.delete(volumeSnapshots, namespace, 's', {}, limit())
  await waitFor(limit(), () => missing(client.get(volumeSnapshots, namespace, 's', limit())), Boolean)
  await waitFor(limit(), () => missing(client.get(volumeSnapshotContents, '', `snapcontent-${snapshot.metadata.uid}`, limit())), Boolean)
  await waitFor(limit(), () => missing(client.get(localVolumes, '', name, limit())), Boolean)
})

test('a claim is cloned on its node', async () => {
  const namespace = await spaceOf('clones')
  const source = await volumeOf(await filled(namespace, claimOf('data')))
  const like = { dataSource: { kind: 'PersistentVolumeClaim', name: 'data' } }
  const clone = await volumeOf(await filled(namespace, claimOf('clone', like)))
  assert.deepEqual([clone.spec.source, clone.spec.nodeName], [source.metadata.name, source.spec.nodeName])
})

test('a retained snapshot stays, and comes back under another name', async () => {
  const namespace = await spaceOf('retained')
  await client.create(
    volumeSnapshotClasses,
    '',
    { metadata: { name: 'kept' }, driver: 'local.bulkhead.dev', deletionPolicy: 'Retain' },
    limit(),
  )
  await filled(namespace, claimOf('data'))
  const snapshot = await taken(namespace, snapshotOf('s', { persistentVolumeClaimName: 'data' }, 'kept'))
  const content = `snapcontent-${snapshot.metadata.uid}`
  await client.delete(volumeSnapshots, namespace, 's', {}, limit())
  await waitFor(limit(), () => missing(client.get(volumeSnapshots, namespace, 's', limit())), Boolean)
  await client.delete(volumeSnapshotContents, '', content, {}, limit())
  await waitFor(limit(), () => missing(client.get(volumeSnapshotContents, '', content, limit())), Boolean)
  const handle = `snap-${snapshot.metadata.uid}`
  assert.equal((await client.get(localVolumes, '', handle, limit())).metadata.deletionTimestamp, undefined)
  await client.create(
    volumeSnapshotContents,
    '',
    {
      metadata: { name: 'again' },
      spec: {
        deletionPolicy: 'Delete',
        driver: 'local.bulkhead.dev',
        source: { snapshotHandle: handle },
        volumeSnapshotRef: { namespace, name: 'again' },
      },
    },
    limit(),
  )
  await taken(namespace, snapshotOf('again', { volumeSnapshotContentName: 'again' }))
  await filled(namespace, claimOf('restored', fromSnapshot('again')))
})

test('a tenant takes snapshots of its own claims, and gets nothing of others', async () => {
  const [victim, attacker] = [await spaceOf('victim'), await spaceOf('attacker')]
  await filled(victim, claimOf('data'))
  const snapshot = await taken(victim, snapshotOf('s', { persistentVolumeClaimName: 'data' }))
  const mallory = await adminOf('mallory', attacker)
  const isForbidden = (err: unknown) => isReason(err, 'Forbidden')
  const content = snapshot.status?.boundVolumeSnapshotContentName ?? ''
  await assert.rejects(mallory.get(volumeSnapshots, victim, 's', limit()), isForbidden)
  await assert.rejects(mallory.get(volumeSnapshotContents, '', content, limit()), isForbidden)
  await assert.rejects(mallory.listAll(volumeSnapshotContents, {}, limit()), isForbidden)
  const own = await client.get(volumeSnapshotContents, '', content, limit())
  const taking = { ...own, metadata: { name: 'mine' }, spec: { ...own.spec, volumeSnapshotRef: { namespace: attacker, name: 'x' } } }
  await assert.rejects(mallory.create(volumeSnapshotContents, '', taking, limit()), isForbidden)
  // By the names of others: a content that is another snapshot's, a claim in another namespace, and a source in one.
  await mallory.create(volumeSnapshots, attacker, snapshotOf('s', { volumeSnapshotContentName: content }), limit())
  await failure(attacker, 's', /is bound to a different snapshot/)
  await mallory.create(volumeSnapshots, attacker, snapshotOf('t', { persistentVolumeClaimName: 'data' }), limit())
  await failure(attacker, 't', /persistentvolumeclaim "data" not found/)
  await assert.rejects(
    mallory.updateStatus(volumeSnapshots, { ...snapshotOf('s', {}), metadata: { name: 's', namespace: attacker } }, limit()),
    isForbidden,
  )
  const foreign = { dataSourceRef: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's', namespace: victim } }
  const stripped = await mallory.create(persistentVolumeClaims, attacker, claimOf('foreign', foreign), limit())
  assert.equal(stripped.spec.dataSourceRef, undefined, 'a source in another namespace is dropped, as upstream by default')
  const restored = claimOf('restored', fromSnapshot('s'))
  await mallory.create(persistentVolumeClaims, attacker, restored, limit())
  await client.create(pods, attacker, podOf('p', 'restored'), limit())
  const events = resourceRef<Pod & { message?: string }>('', 'v1', 'events', 'Event')
  await waitFor(
    limit(),
    () => client.listAll(events, { namespace: attacker }, limit()),
    list => list.some(({ message = '' }) => message.includes('volumesnapshot "s" is not ready to use')),
  )
  assert.equal((await client.get(persistentVolumeClaims, attacker, 'restored', limit())).status?.phase, 'Pending')
})

test('snapshots take of the quota of their namespace, by number and by bytes', async () => {
  const namespace = await spaceOf('quotas')
  const hard = { 'requests.storage': '3Gi', 'count/volumesnapshots.snapshot.storage.k8s.io': '3' }
  await client.create(resourceQuotas, namespace, { metadata: { name: 'small' }, spec: { hard } }, limit())
  await waitFor(
    limit(),
    () => client.get(resourceQuotas, namespace, 'small', limit()),
    ({ status }) => status?.hard?.['requests.storage'] === '3Gi',
  )
  await filled(namespace, claimOf('data'))
  const source = { persistentVolumeClaimName: 'data' }
  await taken(namespace, snapshotOf('s1', source))
  await taken(namespace, snapshotOf('s2', source))
  await client.create(volumeSnapshots, namespace, snapshotOf('s3', source), limit())
  await failure(namespace, 's3', /exceeded quota: small of namespace "quotas" limits requests.storage to 3Gi/)
  await assert.rejects(client.create(volumeSnapshots, namespace, snapshotOf('s4', source), limit()), /exceeded quota: small/)
})
