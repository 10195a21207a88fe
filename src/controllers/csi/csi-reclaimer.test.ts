import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PersistentVolume } from '../../api/types/core-v1.ts'
import { planCsiReclaim } from './csi-reclaimer.ts'
import { csiVolumeFinalizer, provisionedBy } from './provision-plan.ts'

const driver = 'nfs.csi.k8s.io'
const released = (annotations: Record<string, string>): PersistentVolume => ({
  metadata: { name: 'v', annotations, finalizers: [csiVolumeFinalizer] },
  spec: { persistentVolumeReclaimPolicy: 'Delete', csi: { driver, volumeHandle: 'server#share#../../other#' } },
  status: { phase: 'Released' },
})

const cases: readonly {
  readonly name: string
  readonly annotations: Record<string, string>
  readonly isAttached?: boolean
  readonly want: 'delete' | 'wait'
}[] = [
  { name: 'its driver made', annotations: { [provisionedBy]: driver }, want: 'delete' },
  { name: 'its driver made and that is attached', annotations: { [provisionedBy]: driver }, isAttached: true, want: 'wait' },
  { name: 'someone wrote', annotations: {}, want: 'wait' },
  { name: 'another driver made', annotations: { [provisionedBy]: 'smb.csi.k8s.io' }, want: 'wait' },
]
for (const { name, annotations, isAttached = false, want } of cases) {
  test(`CVE-2026-3864 and CVE-2026-3865: planCsiReclaim() of a released volume that ${name}: ${want}`, () => {
    assert.equal(planCsiReclaim(released(annotations), isAttached), want)
  })
}
