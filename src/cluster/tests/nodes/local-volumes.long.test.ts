// Claims of the class that every cluster has: made where the pod lands, grown, erased or retained, and nobody else's.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { nodeDomainLabel } from '../../../api/pods/trust-domain.ts'
import { isReason } from '../../../api/status.ts'
import type { PersistentVolumeClaim, Pod } from '../../../api/types/core-v1.ts'
import { localDriver } from '../../../api/volumes/local-volume-names.ts'
import {
  csiStorageCapacities,
  events,
  localVolumes,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  storageClasses,
} from '../../../client/resources.ts'
import { startCluster } from '../bootstrapped.testing.ts'
import { restrictedPod } from '../secured-api.testing.ts'
import { waitFor } from './local-volumes.testing.ts'

const limit = (): AbortSignal => AbortSignal.timeout(120_000)
const cluster = await startCluster({ simulatedNodes: 2 })
const client = cluster.client
after(() => cluster[Symbol.asyncDispose]())

const claimOf = (name: string, more: Partial<PersistentVolumeClaim['spec']> = {}): PersistentVolumeClaim => ({
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...more },
})
const podOf = (name: string, claim: string, node?: string): Pod => {
  const pod = restrictedPod(name, {
    volumes: [{ name: 'v', persistentVolumeClaim: { claimName: claim } }],
    ...(node === undefined ? {} : { nodeSelector: { 'kubernetes.io/hostname': node } }),
  })
  return { ...pod, metadata: { name } } as Pod
}
const spaceOf = async (name: string): Promise<string> => {
  await client.create(namespaces, '', { metadata: { name }, spec: {} }, limit())
  return name
}
const make = async (namespace: string, claim: PersistentVolumeClaim, pod?: Pod) => {
  await client.create(persistentVolumeClaims, namespace, claim, limit())
  if (pod !== undefined) await client.create(pods, namespace, pod, limit())
}
const reasonsOf = async (namespace: string, kind: string) =>
  (await client.listAll(events, { namespace }, limit())).filter(({ involvedObject }) => involvedObject.kind === kind)
const claim = (namespace: string, name: string) => client.get(persistentVolumeClaims, namespace, name, limit())
const missing = async (read: Promise<unknown>): Promise<boolean> =>
  read.then(
    () => false,
    (err: unknown) => isReason(err, 'NotFound'),
  )

test('a claim of the default class is bound where its pod lands, and erased with it', async () => {
  const namespace = await spaceOf('usual')
  await make(namespace, claimOf('data'))
  const waiting = await waitFor(
    limit(),
    () => claim(namespace, 'data'),
    ({ status }) => status?.phase === 'Pending',
  )
  assert.equal(waiting.spec.storageClassName, 'local')
  await waitFor(
    limit(),
    () => reasonsOf(namespace, 'PersistentVolumeClaim'),
    list => list.some(({ reason }) => reason === 'WaitForFirstConsumer'),
  )
  const [node] = (await client.listAll(csiStorageCapacities, { namespace: 'kube-system' }, limit())).map(
    ({ nodeTopology }) => nodeTopology?.matchLabels?.['kubernetes.io/hostname'] ?? '',
  )
  await client.create(pods, namespace, podOf('p', 'data', node), limit())
  await waitFor(
    limit(),
    () => client.get(pods, namespace, 'p', limit()),
    ({ status }) => status?.phase === 'Running',
  )
  const bound = await claim(namespace, 'data')
  assert.deepEqual([bound.status?.phase, bound.status?.capacity], ['Bound', { storage: '1Gi' }])
  const volume = await client.get(persistentVolumes, '', bound.spec.volumeName ?? '', limit())
  assert.equal(volume.metadata.name, `pvc-${bound.metadata.uid}`)
  assert.equal(volume.spec.claimRef?.uid, bound.metadata.uid)
  assert.deepEqual(volume.spec.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.[0]?.values, [node])
  assert.equal(volume.spec.csi?.driver, localDriver)
  const told = (await reasonsOf(namespace, 'PersistentVolumeClaim')).map(({ reason }) => reason)
  for (const reason of ['ExternalProvisioning', 'Provisioning', 'ProvisioningSucceeded'])
    assert.ok(told.includes(reason), `${reason} of ${told}`)
  // In use: the claim stays until the pod is gone.
  await client.delete(persistentVolumeClaims, namespace, 'data', {}, limit())
  assert.notEqual((await claim(namespace, 'data')).metadata.deletionTimestamp, undefined)
  await client.delete(pods, namespace, 'p', { gracePeriodSeconds: 0 }, limit())
  await waitFor(limit(), () => missing(claim(namespace, 'data')), Boolean)
  await waitFor(limit(), () => missing(client.get(persistentVolumes, '', volume.metadata.name ?? '', limit())), Boolean)
  await waitFor(limit(), () => missing(client.get(localVolumes, '', volume.metadata.name ?? '', limit())), Boolean)
})

test('a claim grows, and its volume with it', async () => {
  const namespace = await spaceOf('growing')
  await make(namespace, claimOf('data'), podOf('p', 'data'))
  const bound = await waitFor(
    limit(),
    () => claim(namespace, 'data'),
    ({ status }) => status?.phase === 'Bound',
  )
  const patch = { spec: { resources: { requests: { storage: '3Gi' } } } }
  await client.patch(persistentVolumeClaims, namespace, 'data', patch, { type: 'merge' }, limit())
  const grown = await waitFor(
    limit(),
    () => claim(namespace, 'data'),
    ({ status }) => status?.capacity?.['storage'] === '3Gi',
  )
  assert.deepEqual(grown.status?.conditions ?? [], [])
  assert.equal((await client.get(persistentVolumes, '', bound.spec.volumeName ?? '', limit())).spec.capacity?.['storage'], '3Gi')
  const smaller = { spec: { resources: { requests: { storage: '1Gi' } } } }
  await assert.rejects(client.patch(persistentVolumeClaims, namespace, 'data', smaller, { type: 'merge' }, limit()), /less than/)
})

test('the policy Retain keeps the content of a deleted volume', async () => {
  const namespace = await spaceOf('retaining')
  const { metadata: _, ...like } = await client.get(storageClasses, '', 'local', limit())
  await client.create(storageClasses, '', { ...like, metadata: { name: 'kept' }, reclaimPolicy: 'Retain' }, limit())
  await make(namespace, claimOf('data', { storageClassName: 'kept' }), podOf('p', 'data'))
  const { spec } = await waitFor(
    limit(),
    () => claim(namespace, 'data'),
    ({ status }) => status?.phase === 'Bound',
  )
  const name = spec.volumeName ?? ''
  await client.delete(pods, namespace, 'p', { gracePeriodSeconds: 0 }, limit())
  await client.delete(persistentVolumeClaims, namespace, 'data', {}, limit())
  await waitFor(
    limit(),
    () => client.get(persistentVolumes, '', name, limit()),
    ({ status }) => status?.phase === 'Released',
  )
  await client.delete(persistentVolumes, '', name, {}, limit())
  await waitFor(limit(), () => missing(client.get(persistentVolumes, '', name, limit())), Boolean)
  const kept = await client.get(localVolumes, '', name, limit())
  assert.equal(kept.metadata.deletionTimestamp, undefined)
  // An administrator ends it.
  await client.delete(localVolumes, '', name, {}, limit())
  await waitFor(limit(), () => missing(client.get(localVolumes, '', name, limit())), Boolean)
})

test('what a node cannot hold is said in events', async () => {
  const namespace = await spaceOf('refused')
  await make(namespace, claimOf('many', { accessModes: ['ReadWriteMany'] }), podOf('many', 'many'))
  await make(namespace, claimOf('large', { resources: { requests: { storage: '5Ti' } } }), podOf('large', 'large'))
  const says = (kind: string, text: RegExp) =>
    waitFor(
      limit(),
      () => reasonsOf(namespace, kind),
      list => list.some(({ message = '' }) => text.test(message)),
    )
  await says('PersistentVolumeClaim', /StorageClass "local": access mode ReadWriteMany is not supported by volumes on one node/)
  await says('Pod', /node\(s\) did not have enough free storage/)
})

test('a tenant makes no volumes, and takes no other claim’s', async () => {
  const namespace = await spaceOf('victim')
  await spaceOf('attacker')
  await make(namespace, claimOf('data'), podOf('p', 'data'))
  const bound = await waitFor(
    limit(),
    () => claim(namespace, 'data'),
    ({ status }) => status?.phase === 'Bound',
  )
  const volumeName = bound.spec.volumeName ?? ''
  await client.create(
    { group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'rolebindings', kind: 'RoleBinding', namespaced: true },
    'attacker',
    {
      metadata: { name: 'admin' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' },
      subjects: [{ kind: 'User', name: 'mallory', apiGroup: 'rbac.authorization.k8s.io' }],
    } as object as Pod,
    limit(),
  )
  const mallory = cluster.as({ name: 'mallory' })
  const isForbidden = (err: unknown) => isReason(err, 'Forbidden')
  const volume = await client.get(persistentVolumes, '', volumeName, limit())
  await assert.rejects(mallory.create(persistentVolumes, '', { ...volume, metadata: { name: 'mine' } }, limit()), isForbidden)
  await assert.rejects(mallory.get(localVolumes, '', volumeName, limit()), isForbidden)
  await assert.rejects(mallory.delete(localVolumes, '', volumeName, {}, limit()), isForbidden)
  const key = {
    kind: 'LocalVolumeKey',
    apiVersion: 'bulkhead.dev/v1alpha1',
    metadata: {},
    spec: { publicKey: '', certificate: '', signature: '' },
  }
  await assert.rejects(mallory.subresource('POST', localVolumes, '', volumeName, 'key', key, limit()), isForbidden)
  // The administrator may do all, and yet gets no key.
  await assert.rejects(
    client.subresource('POST', localVolumes, '', volumeName, 'key', key, limit()),
    /only the node of a volume may have its key/,
  )
  await mallory.create(persistentVolumeClaims, 'attacker', claimOf('data', { volumeName, storageClassName: 'local' }), limit())
  await waitFor(
    limit(),
    () => reasonsOf('attacker', 'PersistentVolumeClaim'),
    list => list.some(({ message }) => message === `volume "${volumeName}" already bound to a different claim.`),
  )
  const selected = claimOf('chosen')
  selected.metadata.annotations = {
    'volume.kubernetes.io/selected-node': '../../etc',
    'volume.kubernetes.io/storage-provisioner': localDriver,
  }
  await mallory.create(persistentVolumeClaims, 'attacker', selected, limit())
  await waitFor(
    limit(),
    () => reasonsOf('attacker', 'PersistentVolumeClaim'),
    list => list.some(({ message = '' }) => message.includes('node "../../etc" not found')),
  )
})

test('a claim reserves nothing on a node of another trust domain', async () => {
  const namespace = await spaceOf('domains')
  const node = 'foreign'
  await client.create(nodes, '', { metadata: { name: node, labels: { [nodeDomainLabel]: 'red' } }, spec: {} }, limit())
  const claim = claimOf('data')
  claim.metadata.annotations = { 'volume.kubernetes.io/selected-node': node }
  await make(namespace, claim)
  await waitFor(
    limit(),
    () => reasonsOf(namespace, 'PersistentVolumeClaim'),
    list => list.some(({ message = '' }) => message.endsWith(`node "${node}" belongs to another trust domain`)),
  )
  const made = await client.listAll(localVolumes, { fieldSelector: `spec.nodeName=${node}` }, limit())
  assert.deepEqual(made, [])
  await client.delete(nodes, '', node, {}, limit())
})

test('a node sees and reports its own volumes alone', async () => {
  const namespace = await spaceOf('nodes')
  await make(namespace, claimOf('data'), podOf('p', 'data'))
  const bound = await waitFor(
    limit(),
    () => claim(namespace, 'data'),
    ({ status }) => status?.phase === 'Bound',
  )
  const volume = await client.get(localVolumes, '', bound.spec.volumeName ?? '', limit())
  const isForbidden = (err: unknown) => isReason(err, 'Forbidden')
  const own = cluster.as({ name: `system:node:${volume.spec.nodeName}`, groups: ['system:nodes'] })
  const other = cluster.as({ name: 'system:node:other', groups: ['system:nodes'] })
  const name = volume.metadata.name ?? ''
  assert.equal((await own.get(localVolumes, '', name, limit())).metadata.uid, volume.metadata.uid)
  await assert.rejects(other.get(localVolumes, '', name, limit()), isForbidden)
  await assert.rejects(own.listAll(localVolumes, {}, limit()), isForbidden)
  await assert.rejects(other.listAll(localVolumes, { fieldSelector: `spec.nodeName=${volume.spec.nodeName}` }, limit()), isForbidden)
  await assert.rejects(other.updateStatus(localVolumes, { ...volume, status: { phase: 'Removed' } }, limit()), isForbidden)
  await assert.rejects(
    own.update(localVolumes, { ...volume, spec: { ...volume.spec, bytes: volume.spec.bytes * 2 } }, limit()),
    isForbidden,
  )
  await assert.rejects(own.delete(localVolumes, '', name, {}, limit()), isForbidden)
  const key = {
    kind: 'LocalVolumeKey',
    apiVersion: 'bulkhead.dev/v1alpha1',
    metadata: {},
    spec: { publicKey: '', certificate: 'x', signature: '' },
  }
  await assert.rejects(other.subresource('POST', localVolumes, '', name, 'key', key, limit()), isForbidden)
  // The name of a node is not enough: the signer wants its certificate.
  await assert.rejects(own.subresource('POST', localVolumes, '', name, 'key', key, limit()), /not a valid one of a node of this cluster/)
})
