import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CSIDriverSpec, CSINodeDriver, StorageClass, VolumeAttachment } from '../../types/storage-v1.ts'
import { row, validateNew, validateSubresource, validateUpdate } from '../core/new-object.fixture.ts'
import { csiDriver } from './csi-driver.ts'
import { csiNode } from './csi-node.ts'
import { csiStorageCapacity } from './csi-storage-capacity.ts'
import { storageClass } from './storage-class.ts'
import { volumeAttachment } from './volume-attachment.ts'
import { volumeAttributesClass } from './volume-attributes-class.ts'

const metadata = { name: 'fast' }
const newClass = (change: Partial<StorageClass> = {}): StorageClass => ({ metadata, provisioner: 'csi.example.com', ...change })

test('storageClass deletes volumes and binds at once by default', () => {
  const { object, errors } = validateNew(storageClass, newClass())
  assert.deepEqual(errors, [])
  assert.deepEqual([object.reclaimPolicy, object.volumeBindingMode], ['Delete', 'Immediate'])
})

const key = (...values: string[]) => ({ matchLabelExpressions: [{ key: 'zone', values }] })
const refusals: { name: string; change: Partial<StorageClass>; fields: string[] }[] = [
  { name: 'no provisioner', change: { provisioner: '' }, fields: ['provisioner'] },
  { name: 'an unknown reclaim policy', change: { reclaimPolicy: 'Recycle' }, fields: ['reclaimPolicy'] },
  { name: 'an unknown binding mode', change: { volumeBindingMode: 'Later' }, fields: ['volumeBindingMode'] },
  { name: 'a parameter without a name', change: { parameters: { '': 'x' } }, fields: ['parameters'] },
  {
    name: 'repeated zones and terms',
    change: { allowedTopologies: [key('a', 'a'), key('b'), key('b')] },
    fields: ['allowedTopologies[0].matchLabelExpressions[0].values[1]', 'allowedTopologies[2].matchLabelExpressions'],
  },
]
for (const { name, change, fields } of refusals) {
  test(`storageClass rejects ${name}`, () => assert.deepEqual(validateNew(storageClass, newClass(change)).fields, fields))
}

test('storageClass keeps what its volumes were created with', () => {
  const old = validateNew(storageClass, newClass()).object
  const { fields } = validateUpdate(storageClass, old, next =>
    Object.assign(next, {
      provisioner: 'other',
      parameters: { a: 'b' },
      reclaimPolicy: 'Retain',
      volumeBindingMode: 'WaitForFirstConsumer',
    }),
  )
  assert.deepEqual(fields, ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'])
})

test('storageClass marks the default one', () => {
  const object = newClass({ metadata: { ...metadata, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } })
  assert.equal(row(storageClass, object)['Name'], 'fast (default)')
})

test('csiDriver defaults and validates its spec', () => {
  const { object, errors } = validateNew(csiDriver, { metadata, spec: {} })
  assert.deepEqual(errors, [])
  assert.deepEqual(object.spec, {
    attachRequired: true,
    podInfoOnMount: false,
    storageCapacity: false,
    fsGroupPolicy: 'ReadWriteOnceWithFSType',
    volumeLifecycleModes: ['Persistent'],
    requiresRepublish: false,
    seLinuxMount: false,
  })
  const spec: CSIDriverSpec = {
    fsGroupPolicy: 'Odd',
    volumeLifecycleModes: ['Odd'],
    tokenRequests: [{ audience: 'a', expirationSeconds: 1 }],
  }
  assert.deepEqual(validateNew(csiDriver, { metadata, spec }).fields, [
    'spec.fsGroupPolicy',
    'spec.tokenRequests[0].expirationSeconds',
    'spec.volumeLifecycleModes',
  ])
  assert.deepEqual(validateUpdate(csiDriver, object, next => Object.assign(next.spec, { attachRequired: false })).fields, [
    'spec.attachedRequired',
  ])
})

test('csiNode validates its drivers and keeps remaining ones', () => {
  const driver: CSINodeDriver = { name: 'csi.example.com', nodeID: 'n1', topologyKeys: ['zone'] }
  assert.deepEqual(validateNew(csiNode, { metadata, spec: { drivers: [driver] } }).fields, [])
  const wrong = { name: 'csi.example.com', nodeID: '', topologyKeys: ['zone', 'zone'], allocatable: { count: -1 } }
  assert.deepEqual(validateNew(csiNode, { metadata, spec: { drivers: [driver, wrong] } }).fields, [
    'spec.drivers[1].nodeID',
    'spec.drivers[1].allocatable.count',
    'spec.drivers[1].name',
    'spec.drivers[1]',
  ])
  const old = { metadata, spec: { drivers: [driver] } }
  assert.deepEqual(validateUpdate(csiNode, old, next => Object.assign(next.spec.drivers?.[0] ?? {}, { nodeID: 'n2' })).fields, [
    'CSINodeDriver',
  ])
})

test('csiStorageCapacity validates amounts and keeps its class', () => {
  const object = { metadata, storageClassName: 'fast', capacity: '-1Gi' }
  assert.deepEqual(validateNew(csiStorageCapacity, object).fields, ['capacity'])
  const old = { metadata, storageClassName: 'fast' }
  assert.deepEqual(validateUpdate(csiStorageCapacity, old, next => Object.assign(next, { storageClassName: 'slow' })).fields, [
    'storageClassName',
  ])
})

test('volumeAttachment names one source and keeps it', () => {
  const spec = { attacher: 'csi.example.com', nodeName: 'n1', source: { persistentVolumeName: 'pv' } }
  const old = validateNew(volumeAttachment, { metadata, spec })
  assert.deepEqual(old.errors, [])
  assert.deepEqual(validateNew(volumeAttachment, { metadata, spec: { ...spec, source: {} } }).fields, ['spec.source'])
  assert.deepEqual(validateUpdate(volumeAttachment, old.object, next => Object.assign(next.spec, { nodeName: 'n2' })).fields, ['spec'])
  const attached = validateSubresource(volumeAttachment, 'status', old.object, next => Object.assign(next, { status: { attached: true } }))
  assert.equal(row(volumeAttachment, attached.object)['Attached'], true)
})

test('storageClass is validated as a whole when it changes', () => {
  const old = validateNew(storageClass, { metadata: { name: 'x' }, provisioner: 'p' }).object
  const { errors } = validateUpdate(storageClass, old, next => {
    next.reclaimPolicy = 'Recycle'
    next.parameters = { a: 'b' }
  })
  assert.deepEqual(errors, [
    'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
    'parameters: Forbidden: updates to parameters are forbidden.',
    'reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.',
  ])
})

test('csiDriver shows the type of the immutable modes', () => {
  const old = validateNew(csiDriver, { metadata: { name: 'csi.example.com' }, spec: {} }).object
  const { errors } = validateUpdate(csiDriver, old, ({ spec }) => {
    spec.volumeLifecycleModes = ['Ephemeral']
  })
  assert.deepEqual(errors, ['spec.volumeLifecycleModes: Invalid value: []storage.VolumeLifecycleMode{"Ephemeral"}: field is immutable'])
})

const attachment = { metadata: { name: 'x' }, spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'v' } } }

test('volumeAttachment limits what a driver reports', () => {
  const old = validateNew(volumeAttachment, attachment).object
  const { errors } = validateSubresource(volumeAttachment, 'status', old, next => {
    next.status = { attached: true, attachmentMetadata: { a: 'x'.repeat(256 * 1024) }, attachError: { message: 'x'.repeat(1025) } }
  })
  const faults = [
    'status.attachmentMetadata: Too long: may not be more than 262144 bytes',
    'status.attachError.message: Too long: may not be more than 262144 bytes',
  ]
  assert.deepEqual(errors, [...faults, ...faults])
})

test('volumeAttachment accepts an inline volume only of a CSI driver', () => {
  const validate = (inlineVolumeSpec: object) =>
    validateNew(volumeAttachment, { ...attachment, spec: { ...attachment.spec, source: { inlineVolumeSpec } } }).errors
  const csi = { driver: 'd.io', volumeHandle: 'h' }
  const accessModes = ['ReadWriteOnce']
  assert.deepEqual(validate({ csi, accessModes }), [])
  assert.deepEqual(validate({ nfs: { server: 's', path: '/p' }, accessModes, capacity: { storage: '1Gi' }, volumeMode: 'Block' }), [
    'spec.source.inlineVolumeSpec.capacity: Forbidden: may not be specified in the context of inline volumes',
    'spec.source.inlineVolumeSpec.csi: Required value: has to be specified in the context of inline volumes',
    'spec.source.inlineVolumeSpec.volumeMode: Forbidden: may not specify volumeMode other than Filesystem in the context of inline volumes',
  ])
})

test('csiNode accepts the 256 bytes of a node ID that CSI allows', () => {
  const validate = (nodeID: string) =>
    validateNew(csiNode, { metadata: { name: 'n' }, spec: { drivers: [{ name: 'd.io', nodeID, topologyKeys: null }] } }).fields
  assert.deepEqual([validate('x'.repeat(256)), validate('x'.repeat(257))], [[], ['spec.drivers[0].nodeID']])
})

test('csiDriver counts every change of its spec, and no creation', () => {
  const { object } = validateNew(csiDriver, { metadata, spec: {} })
  const generationAfter = (change: Partial<CSIDriverSpec>) =>
    validateUpdate(csiDriver, object, next => Object.assign(next.spec, change)).object.metadata.generation
  assert.equal(object.metadata.generation, undefined)
  const changes: Partial<CSIDriverSpec>[] = [
    {},
    { podInfoOnMount: true },
    { fsGroupPolicy: 'None' },
    { tokenRequests: [{ audience: 'a' }] },
  ]
  assert.deepEqual(changes.map(generationAfter), [undefined, 1, 1, 1])
})

test('an empty structure is a change if there was none', () => {
  const capacity = validateNew(csiStorageCapacity, { metadata, storageClassName: 'a' }).object
  assert.deepEqual(validateUpdate(csiStorageCapacity, capacity, next => Object.assign(next, { nodeTopology: {} })).fields, ['nodeTopology'])
})

test('volumeAttachment accepts an error code only if there was one', () => {
  const old = validateNew(volumeAttachment, attachment).object
  const failed = { attached: false, attachError: { message: 'm', errorCode: 8 } }
  const codeAfter = (before: VolumeAttachment) =>
    validateSubresource(volumeAttachment, 'status', before, next => {
      next.status = structuredClone(failed)
    }).object.status?.attachError?.errorCode
  assert.deepEqual([codeAfter(old), codeAfter({ ...old, status: failed })], [undefined, 8])
})

test('volumeAttachment validates names only at creation', () => {
  const spec = { ...attachment.spec, attacher: 'no name' }
  assert.deepEqual(validateNew(volumeAttachment, { ...attachment, spec }).fields, ['spec.attacher'])
  assert.deepEqual(validateUpdate(volumeAttachment, attachment, next => Object.assign(next, { spec })).fields, ['spec'])
})

test('storageClass distinguishes an empty map of parameters from none, only in an update', () => {
  const { object } = validateNew(storageClass, newClass({ parameters: {} }))
  assert.equal(object.parameters, undefined)
  assert.deepEqual(validateUpdate(storageClass, object, next => Object.assign(next, { parameters: {} })).fields, ['parameters'])
})

test('csiStorageCapacity does not validate the maximum volume size', () => {
  assert.deepEqual(validateNew(csiStorageCapacity, { metadata, storageClassName: 'fast', maximumVolumeSize: '-1Gi' }).fields, [])
})

test('volumeAttributesClass has a driver and parameters, and keeps both', () => {
  const gold = { metadata: { name: 'gold' }, driverName: 'csi.example.com', parameters: { iops: '1000' } }
  const { object, errors } = validateNew(volumeAttributesClass, gold)
  assert.deepEqual(errors, [])
  assert.equal(row(volumeAttributesClass, object)['DriverName'], 'csi.example.com')
  assert.deepEqual(validateNew(volumeAttributesClass, { ...gold, driverName: '' }).fields, ['driverName'])
  assert.deepEqual(validateNew(volumeAttributesClass, { ...gold, parameters: {} }).fields, ['parameters'])
  const change = { driverName: 'other', parameters: { iops: '2' } }
  assert.deepEqual(validateUpdate(volumeAttributesClass, object, next => Object.assign(next, change)).fields, ['driverName', 'parameters'])
})
