import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PersistentVolume } from '../../api/types/core-v1.ts'
import { podOf } from '../pod/fixture.ts'
import { capabilityOf, inlineCsiVolume, modeRefusal, needsAttachment, persistentCsiVolume, publishedContext } from './csi-requests.ts'

const persistent = (spec: Partial<PersistentVolume['spec']> = {}): PersistentVolume => ({
  metadata: { name: 'pv' },
  spec: { accessModes: ['ReadWriteOnce'], csi: { driver: 'd', volumeHandle: 'h' }, ...spec },
})
const claim = { name: 'v', persistentVolumeClaim: { claimName: 'c' } }
const pod = { ...podOf({}), metadata: { name: 'p', namespace: 'a', uid: 'u' } }

for (const [mode, plain, exact] of [
  ['ReadWriteOnce', 'SINGLE_NODE_WRITER', 'SINGLE_NODE_MULTI_WRITER'],
  ['ReadWriteOncePod', 'SINGLE_NODE_WRITER', 'SINGLE_NODE_SINGLE_WRITER'],
  ['ReadOnlyMany', 'MULTI_NODE_READER_ONLY', 'MULTI_NODE_READER_ONLY'],
  ['ReadWriteMany', 'MULTI_NODE_MULTI_WRITER', 'MULTI_NODE_MULTI_WRITER'],
] as const)
  test(`capabilityOf() for ${mode}`, () => {
    const volume = persistentCsiVolume(persistent({ accessModes: [mode], mountOptions: ['noatime'] }), claim)
    assert.equal(capabilityOf(volume, new Set(), undefined).accessMode?.mode, plain)
    assert.equal(capabilityOf(volume, new Set(['SINGLE_NODE_MULTI_WRITER']), undefined).accessMode?.mode, exact)
    assert.deepEqual(capabilityOf(volume, new Set(), 7).mount, { fsType: '', mountFlags: ['noatime'], volumeMountGroup: '7' })
  })

test('modeRefusal() and needsAttachment() follow the CSIDriver, and Kubernetes’ defaults without one', () => {
  const volume = persistentCsiVolume(persistent(), claim)
  const inline = inlineCsiVolume(pod, { name: 'v', csi: { driver: 'd' } })
  assert.equal(modeRefusal(volume, undefined), undefined)
  assert.match(modeRefusal(inline, undefined) ?? '', /"Ephemeral" not supported by driver d \(only supports \["Persistent"\]\)/)
  const both = { metadata: { name: 'd' }, spec: { volumeLifecycleModes: ['Persistent', 'Ephemeral'], attachRequired: false } } as const
  assert.equal(
    modeRefusal(inline, { ...both, spec: { ...both.spec, volumeLifecycleModes: [...both.spec.volumeLifecycleModes] } }),
    undefined,
  )
  assert.deepEqual([needsAttachment(volume, undefined), needsAttachment(inline, undefined)], [true, false])
})

test('publishedContext() gives the pod’s information only where the driver wants it, and the tokens', () => {
  const volume = persistentCsiVolume(persistent({ csi: { driver: 'd', volumeHandle: 'h', volumeAttributes: { a: 'b' } } }), claim)
  assert.deepEqual(publishedContext(volume, undefined, pod, undefined), { a: 'b' })
  const object = { metadata: { name: 'd' }, spec: { podInfoOnMount: true } }
  const context = publishedContext(volume, object, pod, '{}')
  assert.equal(context['csi.storage.k8s.io/pod.uid'], 'u')
  assert.equal(context['csi.storage.k8s.io/ephemeral'], 'false')
  assert.equal(context['csi.storage.k8s.io/serviceAccount.tokens'], '{}')
})
