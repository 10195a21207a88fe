// A claim that grows takes more of its quota. Only a bound claim of a class that allows it may grow: the volume here is an object without a disk, and no pod
// ever mounts it.
import { persistentVolumeClaims, persistentVolumes, resourceQuotas, storageClasses } from '../../../client/resources.ts'
import { ClusterObjects } from '../../cluster-objects.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { mergePatch, type ProofRequest } from '../../request.ts'
import { within } from '../../until.ts'
import { exceeds } from './quota-room.ts'

const accessModes = ['ReadWriteOnce']
const bindMs = 20_000

/** The namespace must be new. */
export async function growClaims(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const { attempts, client, transport } = context
  await using cluster = new ClusterObjects(context, namespace)
  const name = cluster.prefix
  const byClass = `${name}.storageclass.storage.k8s.io/requests.storage`
  await client.create(resourceQuotas, namespace.name, { metadata: { name: 'a-class' }, spec: { hard: { [byClass]: '3Gi' } } }, signal)
  await client.create(
    resourceQuotas,
    namespace.name,
    { metadata: { name: 'total' }, spec: { hard: { 'requests.storage': '2Gi' } } },
    signal,
  )
  await cluster.create(
    storageClasses,
    { metadata: { name }, provisioner: 'bulkhead-prove.invalid/none', allowVolumeExpansion: true },
    signal,
  )
  const claimRef = { namespace: namespace.name, name: 'growing' }
  const csi = { driver: 'bulkhead-prove.invalid', volumeHandle: 'none' }
  const retained = { persistentVolumeReclaimPolicy: 'Retain', storageClassName: name, accessModes }
  await cluster.create(
    persistentVolumes,
    { metadata: { name }, spec: { ...retained, capacity: { storage: '1Gi' }, claimRef, csi } },
    signal,
  )
  await client.create(
    persistentVolumeClaims,
    namespace.name,
    {
      metadata: { name: 'growing' },
      spec: { accessModes, storageClassName: name, volumeName: name, resources: { requests: { storage: '1Gi' } } },
    },
    signal,
  )
  const isBound = async () =>
    (await client.get(persistentVolumeClaims, namespace.name, 'growing', signal)).status?.phase === 'Bound' ? true : undefined
  const bound = await within(bindMs, context.clock, isBound, signal)
  if (bound === undefined) {
    attempts.record({
      ...{ name: 'a claim that grows', sent: 'a claim and the volume that names it' },
      ...{ expected: 'they are bound', answered: 'they are not', held: false },
    })
    return
  }
  const path = namespace.core('persistentvolumeclaims/growing')
  const grow = (storage: string, dryRun = '?dryRun=All'): ProofRequest => ({
    ...{ method: 'PATCH', path: `${path}${dryRun}`, body: { spec: { resources: { requests: { storage } } } }, contentType: mergePatch },
  })
  const allocate = (storage: string): ProofRequest => ({
    ...{
      method: 'PATCH',
      path: `${path}/status?dryRun=All`,
      body: { status: { allocatedResources: { storage } } },
      contentType: mergePatch,
    },
  })
  const overTotal = { names: exceeds('total', 'requests.storage=2Gi') }
  await attempts.refused('growing: a claim beyond the storage in total', transport, grow('3Gi'), overTotal, signal)
  await attempts.refused(
    'growing: a claim beyond the storage of its class',
    transport,
    grow('5Gi'),
    { names: exceeds('a-class', `${byClass}=4Gi`) },
    signal,
  )
  await attempts.refused('growing: an allocation beyond the storage in total', transport, allocate('3Gi'), overTotal, signal)
  await attempts.accepted('growing: an allocation up to the bound', transport, allocate('2Gi'), signal)
  await attempts.accepted('growing: a claim up to the bound', transport, grow('2Gi', ''), signal)
  const another: ProofRequest = {
    ...{ method: 'POST', path: `${namespace.core('persistentvolumeclaims')}?dryRun=All` },
    body: {
      metadata: { name: 'another' },
      spec: { accessModes, storageClassName: 'bulkhead-prove-b', resources: { requests: { storage: '1' } } },
    },
  }
  const over = { names: exceeds('total', 'requests.storage=1') }
  await attempts.refused('growing: another claim, after the first has grown', transport, another, over, signal)
}
