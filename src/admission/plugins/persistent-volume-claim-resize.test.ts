import assert from 'node:assert/strict'
import { test } from 'node:test'
import { persistentVolumeClaim } from '../../api/resources/core/persistent-volume-claim.ts'
import { ask, readerOf } from '../admission.fixture.ts'
import { createPlugin } from '../plugin-definition.ts'
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts'

const classes = [
  { metadata: { name: 'grows' }, provisioner: 'p', allowVolumeExpansion: true },
  { metadata: { name: 'stays' }, provisioner: 'p' },
]
const plugin = createPlugin(persistentVolumeClaimResize, { reader: readerOf({ 'storageclasses.storage.k8s.io': classes }) })
const claim = (storage: string, storageClassName: string, phase: string) => ({
  metadata: { name: 'c', namespace: 'n' },
  spec: { storageClassName, resources: { requests: { storage } } },
  status: { phase },
})

const cannot = 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize'
const rows: { name: string; size: string; className: string; phase: string; why: string | undefined }[] = [
  { name: 'takes a larger claim of a class that grows', size: '2Gi', className: 'grows', phase: 'Bound', why: undefined },
  { name: 'takes a claim of the same size', size: '1024Mi', className: 'stays', phase: 'Bound', why: undefined },
  { name: 'refuses a larger claim of a class that stays', size: '2Gi', className: 'stays', phase: 'Bound', why: cannot },
  { name: 'refuses a larger claim of no class', size: '2Gi', className: '', phase: 'Bound', why: cannot },
  { name: 'refuses a larger claim of a class that is gone', size: '2Gi', className: 'gone', phase: 'Bound', why: cannot },
  {
    name: 'refuses a larger claim that is not bound',
    size: '2Gi',
    className: 'grows',
    phase: 'Pending',
    why: 'Only bound persistent volume claims can be expanded',
  },
]
for (const { name, size, className, phase, why } of rows) {
  test(`persistentVolumeClaimResize ${name}`, async () => {
    const [oldObject, object] = [claim('1Gi', className, phase), claim(size, className, phase)]
    const refusal = await ask(plugin, { resource: persistentVolumeClaim, object, oldObject })
    assert.equal(refusal, why === undefined ? undefined : `persistentvolumeclaims "c" is forbidden: ${why}`)
  })
}
