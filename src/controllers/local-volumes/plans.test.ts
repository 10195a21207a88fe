import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LocalVolume } from '../../api/types/bulkhead-v1alpha1.ts'
import type { Node, PersistentVolume, PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import type { StorageClass } from '../../api/types/storage-v1.ts'
import {
  claimUidAnnotation,
  keyFinalizer,
  localDriver,
  nodeFinalizer,
  nodeVolumesAnnotation,
  retainedAnnotation,
  volumeFinalizer,
} from '../../api/volumes/local-volume-names.ts'
import { capacitiesOf } from './capacity-plan.ts'
import { type ProvisionView, planProvision } from './provision-plan.ts'
import { planLocalVolume, planReclaim } from './reclaim-plan.ts'
import { type ResizeView, planResize as resizeStep } from './resize-plan.ts'

const now = '2026-12-01T00:00:00Z'
const claimOf = (spec: Partial<PersistentVolumeClaim['spec']> = {}, node = 'n1'): PersistentVolumeClaim => ({
  metadata: { name: 'c', namespace: 'ns', uid: 'u1', annotations: node === '' ? {} : { 'volume.kubernetes.io/selected-node': node } },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
})
const classOf = (more: Partial<StorageClass> = {}): StorageClass => ({
  metadata: { name: 'local' },
  provisioner: localDriver,
  volumeBindingMode: 'WaitForFirstConsumer',
  ...more,
})
const localOf = (status: LocalVolume['status'], metadata: LocalVolume['metadata'] = {}): LocalVolume => ({
  metadata: { name: 'pvc-u1', ...metadata },
  spec: { nodeName: 'n1', bytes: 2 ** 30, encryption: 'required' },
  ...(status === undefined ? {} : { status }),
})

const readySource = (spec: Partial<LocalVolume['spec']> = {}): ProvisionView['source'] => ({
  state: 'ready',
  localVolume: { metadata: { name: 'snap-1' }, spec: { nodeName: 'n1', bytes: 2 ** 20, encryption: 'required', ...spec } },
})

const provisions: readonly { readonly name: string; readonly view?: Partial<ProvisionView>; readonly want: RegExp }[] = [
  { name: 'has a node', want: /^make n1 1073741824 required$/ },
  { name: 'is of a class in clear', view: { storageClass: classOf({ parameters: { encryption: 'none' } }) }, want: /^make n1 .* none$/ },
  { name: 'waits for its pod', view: { claim: claimOf({}, '') }, want: /^wait$/ },
  { name: 'has a node that is gone', view: { hasNode: false }, want: /^give-up node "n1" not found$/ },
  { name: 'the quota leaves no room for', view: { whyAboveQuota: () => 'exceeded quota' }, want: /^refuse exceeded quota$/ },
  { name: 'chose a node of another trust domain', view: { isForeign: true }, want: /^give-up node "n1" belongs to another trust domain$/ },
  { name: 'has a volume that the node makes', view: { localVolume: localOf(undefined) }, want: /^wait$/ },
  { name: 'has a volume that the node has made', view: { localVolume: localOf({ phase: 'Ready' }) }, want: /^publish pvc-u1 ns\/c u1$/ },
  {
    name: 'has a volume that the node cannot make',
    view: { localVolume: localOf({ phase: 'Failed', message: 'full' }) },
    want: /^give-up full$/,
  },
  {
    name: 'has a volume that is being removed',
    view: { localVolume: localOf({ phase: 'Ready' }, { deletionTimestamp: now }) },
    want: /^wait$/,
  },
  {
    name: 'was moved to another node',
    view: { claim: claimOf({}, 'n2'), localVolume: localOf({ phase: 'Ready' }) },
    want: /^give-up the volume is on node "n1"$/,
  },
  { name: 'has its volume', view: { hasVolume: true }, want: /^wait$/ },
  { name: 'is for many nodes', view: { claim: claimOf({ accessModes: ['ReadWriteMany'] }) }, want: /^refuse access mode ReadWriteMany/ },
  { name: 'is for a device', view: { claim: claimOf({ volumeMode: 'Block' }) }, want: /^make n1 1073741824 required Block$/ },
  {
    name: 'is for a device, and a copy of files',
    view: { claim: claimOf({ volumeMode: 'Block' }), source: readySource() },
    want: /^refuse the source has volumeMode Filesystem, and the claim Block$/,
  },
  {
    name: 'is for files, and a copy of a device',
    view: { source: readySource({ volumeMode: 'Block' }) },
    want: /^refuse the source has volumeMode Block/,
  },
  {
    name: 'is for a device, and a copy of a device',
    view: { claim: claimOf({ volumeMode: 'Block' }), source: readySource({ volumeMode: 'Block' }) },
    want: /^make n1 1073741824 required Block of snap-1$/,
  },
  { name: 'is a copy', view: { source: readySource() }, want: /^make n1 1073741824 required of snap-1$/ },
  { name: 'is a copy of what comes later', view: { source: { state: 'pending', message: 'later' } }, want: /^wait-for-source later$/ },
  { name: 'is a copy of what it may not have', view: { source: { state: 'refused', message: 'no' } }, want: /^refuse no$/ },
  {
    name: 'is a copy of what is on another node',
    view: { source: readySource({ nodeName: 'n2' }) },
    want: /^give-up the source of the volume is on node "n2" \(n2\)$/,
  },
  {
    name: 'is too small a copy',
    view: { source: readySource({ bytes: 2 ** 31 }) },
    want: /^refuse requested size 1073741824 is less than/,
  },
  {
    name: 'is an encrypted copy of content in clear',
    view: { source: readySource({ encryption: 'none' }) },
    want: /^refuse the source has the encryption "none", and the storage class "required"$/,
  },
  { name: 'has no size', view: { claim: claimOf({ resources: {} }) }, want: /^refuse the requested size/ },
  {
    name: 'is of a class with another parameter',
    view: { storageClass: classOf({ parameters: { path: '/etc' } }) },
    want: /^refuse parameter "path"/,
  },
  {
    name: 'is of a class with another encryption',
    view: { storageClass: classOf({ parameters: { encryption: 'rot13' } }) },
    want: /^refuse parameter "encryption"/,
  },
  {
    name: 'is of a class that binds at once',
    view: { storageClass: classOf({ volumeBindingMode: 'Immediate' }) },
    want: /^refuse volumeBindingMode/,
  },
]
for (const { name, view, want } of provisions)
  test(`planProvision() of a claim that ${name}`, () => {
    const step = planProvision({
      claim: claimOf(),
      storageClass: classOf(),
      localVolume: undefined,
      hasVolume: false,
      hasNode: true,
      isForeign: false,
      source: undefined,
      whyAboveQuota: () => undefined,
      ...view,
    })
    const text = (): string => {
      if (step.step === 'make') return describe(step.localVolume.spec)
      if (step.step === 'publish') {
        const { claimRef } = step.volume.spec
        return `publish ${step.volume.metadata.name} ${claimRef?.namespace}/${claimRef?.name} ${claimRef?.uid}`
      }
      if (step.step === 'give-up' && step.sourceNode !== undefined) return `give-up ${step.message} (${step.sourceNode})`
      return 'message' in step ? `${step.step} ${step.message}` : step.step
    }
    assert.match(text(), want)
  })

const describe = ({ nodeName, bytes, encryption, source, volumeMode }: LocalVolume['spec']): string =>
  `make ${nodeName} ${bytes} ${encryption}${volumeMode === undefined ? '' : ` ${volumeMode}`}${source === undefined ? '' : ` of ${source}`}`

const volumeOf = (policy: string, phase: string, metadata: PersistentVolume['metadata'] = {}): PersistentVolume => ({
  metadata: { name: 'pvc-u1', annotations: { 'pv.kubernetes.io/provisioned-by': localDriver }, finalizers: [volumeFinalizer], ...metadata },
  spec: { persistentVolumeReclaimPolicy: policy, csi: { driver: localDriver, volumeHandle: 'pvc-u1' }, capacity: { storage: '1Gi' } },
  status: { phase },
})

test('planProvision() publishes a block volume as one, without a file system', () => {
  const spec = { nodeName: 'n1', bytes: 2 ** 30, encryption: 'required', volumeMode: 'Block' }
  const step = planProvision({
    claim: claimOf({ volumeMode: 'Block' }),
    storageClass: classOf(),
    localVolume: { ...localOf({ phase: 'Ready', encryption: 'fscrypt' }), spec },
    ...{ hasVolume: false, hasNode: true, isForeign: false, source: undefined, whyAboveQuota: () => undefined },
  })
  assert.ok(step.step === 'publish')
  assert.equal(step.volume.spec.volumeMode, 'Block')
  assert.deepEqual(step.volume.spec.csi, { driver: localDriver, volumeHandle: 'pvc-u1', volumeAttributes: { encryption: 'fscrypt' } })
})

test('planReclaim() erases only what was released or deleted, and retains what says so', () => {
  assert.equal(planReclaim(volumeOf('Delete', 'Bound')), 'wait')
  assert.equal(planReclaim(volumeOf('Delete', 'Released')), 'erase')
  assert.equal(planReclaim(volumeOf('Retain', 'Released')), 'wait')
  assert.equal(planReclaim(volumeOf('Delete', 'Bound', { deletionTimestamp: now })), 'wait')
  assert.equal(planReclaim(volumeOf('Delete', 'Released', { deletionTimestamp: now })), 'erase')
  assert.equal(planReclaim(volumeOf('Retain', 'Released', { deletionTimestamp: now })), 'retain')
  // Somebody else's, although it names the driver.
  assert.equal(planReclaim(volumeOf('Delete', 'Released', { annotations: {} })), 'wait')
})

test('planLocalVolume() erases the key before the content, and nothing that a claim has', () => {
  const annotations = { [claimUidAnnotation]: 'u1' }
  const ending = { annotations, deletionTimestamp: now, finalizers: [keyFinalizer, nodeFinalizer] }
  const plan = (localVolume: LocalVolume, more: { volume?: PersistentVolume; claim?: PersistentVolumeClaim; hasNode?: boolean } = {}) => {
    const step = planLocalVolume({ localVolume, volume: more.volume, claim: more.claim, hasNode: more.hasNode ?? true })
    return step.step === 'release' ? `release ${step.finalizer}` : step.step
  }
  assert.equal(plan(localOf(undefined, { annotations }), { claim: claimOf() }), 'wait')
  assert.equal(plan(localOf(undefined, { annotations })), 'delete')
  assert.equal(plan(localOf(undefined, { annotations: { ...annotations, [retainedAnnotation]: 'true' } })), 'wait')
  assert.equal(plan(localOf(undefined)), 'wait')
  assert.equal(plan(localOf(undefined, ending), { volume: volumeOf('Delete', 'Bound') }), 'wait')
  assert.equal(plan(localOf(undefined, ending)), 'erase-key')
  const erased = { ...ending, finalizers: [nodeFinalizer] }
  assert.equal(plan(localOf({ phase: 'Ready' }, erased)), 'wait')
  assert.equal(plan(localOf({ phase: 'Removed' }, erased)), `release ${nodeFinalizer}`)
  assert.equal(plan(localOf({ phase: 'Ready' }, erased), { hasNode: false }), `release ${nodeFinalizer}`)
})

test('planResize() changes the volume on the node, then the PersistentVolume, then the claim', () => {
  const claim: PersistentVolumeClaim = {
    ...claimOf({ resources: { requests: { storage: '2Gi' } } }),
    status: { phase: 'Bound', capacity: { storage: '1Gi' } },
  }
  const [small, large] = [localOf({ phase: 'Ready', bytes: 2 ** 30 }), { nodeName: 'n1', bytes: 2 ** 31, encryption: 'required' }]
  const volume = volumeOf('Delete', 'Bound')
  const planResize = (view: Omit<ResizeView, 'whyAboveQuota'>) =>
    resizeStep({
      ...view,
      whyAboveQuota: () => (view.localVolume.spec.bytes === 2 ** 30 ? undefined : assert.fail('only growth is counted')),
    })
  assert.deepEqual(resizeStep({ claim, volume, localVolume: small, whyAboveQuota: () => 'exceeded quota' }), {
    step: 'failed',
    message: 'exceeded quota',
  })
  assert.deepEqual(planResize({ claim, volume, localVolume: small }), { step: 'grow', bytes: 2 ** 31 })
  assert.deepEqual(planResize({ claim, volume, localVolume: { ...small, spec: large } }), { step: 'wait' })
  const failed = { ...small, spec: large, status: { phase: 'Ready', bytes: 2 ** 30, message: 'full' } }
  assert.deepEqual(planResize({ claim, volume, localVolume: failed }), { step: 'failed', message: 'full' })
  const grown = { ...small, spec: large, status: { phase: 'Ready', bytes: 2 ** 31 } }
  assert.deepEqual(planResize({ claim, volume, localVolume: grown }), { step: 'volume', size: '2Gi' })
  const written = { ...volume, spec: { ...volume.spec, capacity: { storage: '2Gi' } } }
  assert.deepEqual(planResize({ claim, volume: written, localVolume: grown }), { step: 'claim', size: '2Gi' })
  const ended = { ...claim, status: { phase: 'Bound', capacity: { storage: '2Gi' } } }
  assert.deepEqual(planResize({ claim: ended, volume: written, localVolume: grown }), { step: 'wait' })
})

test('capacitiesOf() believes a node only what it can understand, and counts nothing where it cannot encrypt', () => {
  const nodeOf = (text?: string): Node => ({
    metadata: { name: 'n1', ...(text === undefined ? {} : { annotations: { [nodeVolumesAnnotation]: text } }) },
    spec: {},
  })
  const classes = [
    classOf(),
    classOf({ metadata: { name: 'clear' }, parameters: { encryption: 'none' } }),
    classOf({ provisioner: 'other' }),
  ]
  const of = (text?: string) =>
    capacitiesOf(nodeOf(text), classes).map(({ storageClassName, capacity }) => `${storageClassName} ${capacity}`)
  assert.deepEqual(of('{"bytes":100,"encryption":"luks"}'), ['local 100', 'clear 100'])
  assert.deepEqual(of('{"bytes":100,"encryption":"none"}'), ['local 0', 'clear 100'])
  for (const text of [
    undefined,
    '',
    '{',
    '[]',
    '{"bytes":-1,"encryption":"luks"}',
    '{"bytes":1.5,"encryption":"luks"}',
    '{"bytes":1}',
    `"${'x'.repeat(2000)}"`,
  ])
    assert.deepEqual(of(text), [])
})
