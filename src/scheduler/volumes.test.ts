import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../api/types/core-v1.ts'
import type { StorageClass } from '../api/types/storage-v1.ts'
import { ClusterState, type VolumeView } from './framework/cluster-state.ts'
import { selectNode } from './framework/select-node.ts'
import { plugins } from './plugins/index.ts'

const zone = 'topology.kubernetes.io/zone'
const nodeOf = (name: string): Node => ({
  metadata: { name, labels: { zone: name, [zone]: `z${name}` } },
  spec: {},
  status: { allocatable: { cpu: '4', pods: '10' } },
})
const onZone = (zone: string) => ({
  nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: [zone] }] }] } },
})
const volumeOf = (name: string, zone: string, storage = '1Gi'): PersistentVolume => ({
  metadata: { name },
  spec: { capacity: { storage }, accessModes: ['ReadWriteOnce'], storageClassName: 'local', ...onZone(zone) },
  status: { phase: 'Available' },
})
interface Wish {
  readonly accessMode?: string
  readonly className?: string
  readonly volume?: string
  readonly storage?: string
  readonly more?: PersistentVolumeClaim['metadata']
  readonly phase?: string
}
const claimOf = (
  name: string,
  { accessMode = 'ReadWriteOnce', className = 'local', volume, storage = '1Gi', more = {}, phase = 'Pending' }: Wish = {},
): PersistentVolumeClaim => ({
  metadata: {
    name,
    namespace: 'ns',
    ...(volume === undefined ? {} : { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } }),
    ...more,
  },
  spec: {
    accessModes: [accessMode],
    storageClassName: className,
    resources: { requests: { storage } },
    ...(volume && { volumeName: volume }),
  },
  status: { phase },
})
const classes: StorageClass[] = [
  { metadata: { name: 'local' }, provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode: 'WaitForFirstConsumer' },
  { metadata: { name: 'made' }, provisioner: 'csi.example.com', volumeBindingMode: 'WaitForFirstConsumer' },
  {
    metadata: { name: 'made-in-b' },
    provisioner: 'csi.example.com',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['b'] }] }],
  },
  { metadata: { name: 'fast' }, provisioner: 'csi.example.com', volumeBindingMode: 'Immediate' },
  { metadata: { name: 'counted' }, provisioner: 'csi.example.com', volumeBindingMode: 'WaitForFirstConsumer' },
  { metadata: { name: 'counted-clear' }, provisioner: 'csi.example.com', volumeBindingMode: 'WaitForFirstConsumer' },
]
const viewOf = (claims: PersistentVolumeClaim[], volumes: PersistentVolume[], taken: string[]): VolumeView => ({
  claim: (namespace, name) => claims.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name),
  volume: name => volumes.find(({ metadata }) => metadata.name === name),
  candidates: () => volumes,
  // Classes with this beginning are of a driver that reports what nodes have: node b has more.
  capacity: ({ metadata: { name = '' } }, labels) => {
    if (!name.startsWith('counted')) return undefined
    return {
      bytes: labels['kubernetes.io/hostname'] === 'b' || labels['zone'] === 'b' ? '2Gi' : '1Mi',
      cannotEncrypt: name === 'counted-clear',
    }
  },
  storageClass: name => classes.find(({ metadata }) => metadata.name === name),
  volumeLimit: () => undefined,
  state: {},
  taken: new Set(taken),
})
const podOf = (...volumes: Volume[]): Pod => ({ metadata: { name: 'p', namespace: 'ns' }, spec: { containers: [], volumes } })
const use = (claimName: string): Volume => ({ name: claimName, persistentVolumeClaim: { claimName } })

const noHelp = 'preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.'
const everywhere = (why: string) => `0/2 nodes are available: ${why}. ${noHelp}`
const inZone = (labels: Record<string, string>): PersistentVolume => ({
  metadata: { name: 'v', labels },
  spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'local' },
})
interface Row {
  readonly name: string
  readonly pod: Pod
  readonly claims?: PersistentVolumeClaim[]
  readonly volumes?: PersistentVolume[]
  readonly taken?: string[]
  /** On node a. */
  readonly placed?: Pod[]
  readonly want: string
}
const rows: Row[] = [
  {
    name: 'whose first claim has no volume yet, and whose second does not exist',
    pod: podOf(use('c'), use('d')),
    claims: [claimOf('c', { className: 'fast' })],
    want: everywhere('persistentvolumeclaim "d" not found'),
  },
  {
    name: 'whose lost claim is being deleted',
    pod: podOf(use('c')),
    claims: [claimOf('c', { volume: 'v', phase: 'Lost', more: { deletionTimestamp: '2026-01-01T00:00:00Z' } })],
    want: everywhere('persistentvolumeclaim "c" bound to non-existent persistentvolume "v"'),
  },
  {
    name: 'whose waiting claim names its volume',
    pod: podOf(use('c')),
    claims: [claimOf('c', { volume: 'v', more: { annotations: {} } })],
    volumes: [volumeOf('v', 'b')],
    want: everywhere('pod has unbound immediate PersistentVolumeClaims'),
  },
  {
    name: 'with a volume elsewhere and a missing one, and reports both',
    pod: podOf(use('c'), use('d')),
    claims: [claimOf('c', { volume: 'v' }), claimOf('d')],
    volumes: [volumeOf('v', 'b')],
    taken: ['v'],
    want: `0/2 nodes are available: 1 node(s) had volume node affinity conflict, 2 node(s) didn't find available persistent volumes to bind. ${noHelp}`,
  },
  {
    name: 'whose claim only one node has room for',
    pod: podOf(use('c')),
    claims: [claimOf('c', { className: 'counted', storage: '1Gi' })],
    want: 'b',
  },
  {
    name: 'whose claim no node has room for',
    pod: podOf(use('c')),
    claims: [claimOf('c', { className: 'counted', storage: '3Gi' })],
    want: everywhere('2 node(s) did not have enough free storage'),
  },
  {
    name: 'whose claim no node can encrypt',
    pod: podOf(use('c')),
    claims: [claimOf('c', { className: 'counted-clear' })],
    want: everywhere('2 node(s) cannot encrypt volumes'),
  },
  {
    name: 'whose ReadWriteOncePod claim is in use',
    pod: podOf(use('c')),
    claims: [claimOf('c', { accessMode: 'ReadWriteOncePod', volume: 'v' })],
    volumes: [inZone({})],
    placed: [{ ...podOf(use('c')), metadata: { name: 'other', namespace: 'ns' } }],
    want: '0/2 nodes are available: 2 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.',
  },
  {
    name: 'whose ReadWriteOncePod claim is unused, although one of its name in another namespace is in use',
    pod: podOf(use('c')),
    claims: [claimOf('c', { accessMode: 'ReadWriteOncePod', volume: 'v' })],
    volumes: [inZone({})],
    placed: [{ ...podOf(use('c')), metadata: { name: 'other', namespace: 'elsewhere' } }],
    want: 'a',
  },
  {
    name: 'whose volume is in a zone',
    pod: podOf(use('c')),
    claims: [claimOf('c', { volume: 'v' })],
    volumes: [inZone({ [zone]: 'zb__zc' })],
    want: 'b',
  },
  {
    name: 'whose volume has the old zone label',
    pod: podOf(use('c')),
    claims: [claimOf('c', { volume: 'v' })],
    volumes: [inZone({ 'failure-domain.beta.kubernetes.io/zone': 'zb' })],
    want: 'b',
  },
  {
    name: 'whose volume is in no zone of a node',
    pod: podOf(use('c')),
    claims: [claimOf('c', { volume: 'v' })],
    volumes: [inZone({ [zone]: 'zx' })],
    want: `0/2 nodes are available: 2 node(s) had no available volume zone. ${noHelp}`,
  },
  { name: 'whose claim does not exist', pod: podOf(use('c')), want: everywhere('persistentvolumeclaim "c" not found') },
  {
    name: 'whose ephemeral claim does not exist yet',
    pod: podOf({ name: 'v', ephemeral: {} }),
    want: everywhere('waiting for ephemeral volume controller to create the persistentvolumeclaim "p-v"'),
  },
  {
    name: 'whose ephemeral claim belongs to another pod',
    pod: podOf({ name: 'v', ephemeral: {} }),
    claims: [claimOf('p-v', { more: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'other', controller: true }] } })],
    want: everywhere('PVC "ns/p-v" was not created for pod "ns/p" (pod is not owner)'),
  },
  {
    name: 'whose claim is being deleted',
    pod: podOf(use('c')),
    claims: [claimOf('c', { more: { deletionTimestamp: '2026-01-01T00:00:00Z' } })],
    want: everywhere('persistentvolumeclaim "c" is being deleted'),
  },
  {
    name: 'whose claim has no volume yet',
    pod: podOf(use('c')),
    claims: [claimOf('c', { className: 'fast' })],
    want: everywhere('pod has unbound immediate PersistentVolumeClaims'),
  },
  {
    name: 'whose claim lost its volume',
    pod: podOf(use('c')),
    claims: [claimOf('c', { volume: 'v', phase: 'Lost' })],
    want: everywhere('persistentvolumeclaim "c" bound to non-existent persistentvolume "v"'),
  },
  {
    name: 'whose volume is on one node',
    pod: podOf(use('c')),
    claims: [claimOf('c', { volume: 'v' })],
    volumes: [volumeOf('v', 'b')],
    want: 'b',
  },
  {
    name: 'whose volumes are on different nodes',
    pod: podOf(use('c'), use('d')),
    claims: [claimOf('c', { volume: 'v' }), claimOf('d', { volume: 'w' })],
    volumes: [volumeOf('v', 'a'), volumeOf('w', 'b')],
    want: `0/2 nodes are available: 2 node(s) had volume node affinity conflict. ${noHelp}`,
  },
  {
    name: 'whose volume does not exist',
    pod: podOf(use('c')),
    claims: [claimOf('c', { volume: 'v' })],
    want: `0/2 nodes are available: 2 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s). ${noHelp}`,
  },
  { name: 'that waits for a local volume', pod: podOf(use('c')), claims: [claimOf('c')], volumes: [volumeOf('v', 'b')], want: 'b' },
  {
    name: 'that waits for a local volume which is reserved',
    pod: podOf(use('c')),
    claims: [claimOf('c')],
    volumes: [volumeOf('v', 'b')],
    taken: ['v'],
    want: `0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind. ${noHelp}`,
  },
  {
    name: 'that needs two volumes of one node, the large one for the large claim',
    pod: podOf(use('large'), use('small')),
    claims: [claimOf('large', { storage: '5Gi' }), claimOf('small')],
    volumes: [volumeOf('a1', 'a', '5Gi'), volumeOf('b1', 'b', '5Gi'), volumeOf('b2', 'b', '6Gi')],
    want: 'b',
  },
  { name: 'whose volume will be provisioned', pod: podOf(use('c')), claims: [claimOf('c', { className: 'made' })], want: 'a' },
  {
    name: 'whose volume will be provisioned where its class allows',
    pod: podOf(use('c')),
    claims: [claimOf('c', { className: 'made-in-b' })],
    want: 'b',
  },
  {
    name: 'whose volume is being provisioned for a node',
    pod: podOf(use('c')),
    claims: [claimOf('c', { className: 'made', more: { annotations: { 'volume.kubernetes.io/selected-node': 'b' } } })],
    want: 'b',
  },
]
const rbd = (image: string, monitor: string): Volume['rbd'] => ({ image, pool: 'rbd', monitors: ['m', monitor] })
const iscsi = (iqn: string): NonNullable<Volume['iscsi']> => ({ iqn, targetPortal: 't', lun: 0 })
const disks: readonly [what: string, has: Omit<Volume, 'name'>, wants: Omit<Volume, 'name'>, goesTo: string][] = [
  ['a disk that is written', { gcePersistentDisk: { pdName: 'd' } }, { gcePersistentDisk: { pdName: 'd', readOnly: true } }, 'b'],
  [
    'a disk that is read',
    { gcePersistentDisk: { pdName: 'd', readOnly: true } },
    { gcePersistentDisk: { pdName: 'd', readOnly: true } },
    'a',
  ],
  ['another disk', { gcePersistentDisk: { pdName: 'd' } }, { gcePersistentDisk: { pdName: 'e' } }, 'a'],
  [
    'a block store',
    { awsElasticBlockStore: { volumeID: 'd', readOnly: true } },
    { awsElasticBlockStore: { volumeID: 'd', readOnly: true } },
    'b',
  ],
  ['a target', { iscsi: iscsi('d') }, { iscsi: iscsi('d') }, 'b'],
  ['a target that is read', { iscsi: { ...iscsi('d'), readOnly: true } }, { iscsi: { ...iscsi('d'), readOnly: true } }, 'a'],
  ['an image', { rbd: rbd('d', 'n') }, { rbd: rbd('d', 'o') }, 'b'],
  ['another image', { rbd: rbd('d', 'n') }, { rbd: rbd('e', 'n') }, 'a'],
  ['a disk of another kind', { iscsi: iscsi('d') }, { awsElasticBlockStore: { volumeID: 'd' } }, 'a'],
]
for (const [what, has, wants, goesTo] of disks) {
  rows.push({
    name: `that names ${what}, as one on a node does`,
    pod: podOf({ name: 'v', ...wants }),
    placed: [{ ...podOf({ name: 'v', ...has }), metadata: { name: 'other', namespace: 'elsewhere' } }],
    want: goesTo,
  })
}
for (const { name, pod, claims = [], volumes = [], taken = [], placed = [], want } of rows) {
  test(`selectNode() of a pod ${name}`, () => {
    const cluster = new ClusterState(undefined, viewOf(claims, volumes, taken))
    for (const node of ['a', 'b']) cluster.setNode(nodeOf(node))
    for (const other of placed) cluster.assume(other, 'a')
    const placement = selectNode(pod, cluster, plugins, () => 0)
    assert.equal(placement.placed ? placement.node : placement.message, want)
  })
}
