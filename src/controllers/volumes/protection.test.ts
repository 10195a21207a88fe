import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/types/core-v1.ts'
import { persistentVolumeClaims, persistentVolumes, pods } from '../../client/resources.ts'
import { startScenario } from '../scenario.testing.ts'
import { pvProtection, pvProtectionFinalizer } from './pv-protection.ts'
import { pvcProtection, pvcProtectionFinalizer, usesClaim } from './pvc-protection.ts'

const claim = (): PersistentVolumeClaim => ({
  metadata: { name: 'data', namespace: 'ns', uid: 'claim', finalizers: [pvcProtectionFinalizer] },
  spec: {},
})
const user = (spec: Partial<Pod['spec']>): Pod => ({
  metadata: { name: 'p', namespace: 'ns', uid: 'pod' },
  spec: { containers: [], nodeName: 'n1', volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }], ...spec },
})

const ending = { deletionTimestamp: '2026-01-01T00:00:00Z' }
const owner = (more: Partial<Pod>, metadata: Partial<Pod['metadata']> = {}): Pod => {
  const pod = user({ volumes: [{ name: 'data', ephemeral: {} }] })
  return { ...pod, ...more, metadata: { ...pod.metadata, ...metadata } }
}
const owned = (): PersistentVolumeClaim => ({
  metadata: {
    name: 'p-data',
    namespace: 'ns',
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'pod', controller: true }],
  },
  spec: {},
})

const uses: readonly { name: string; pod: Pod; of?: () => PersistentVolumeClaim; used: boolean }[] = [
  { name: 'a pod on a node', pod: user({}), used: true },
  { name: 'a pod on a node that has finished', pod: { ...user({}), status: { phase: 'Succeeded' } }, used: true },
  { name: 'a pod without a node', pod: user({ nodeName: '' }), used: false },
  { name: 'a pod with another claim', pod: user({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'other' } }] }), used: false },
  { name: 'a pod without volumes', pod: user({ volumes: undefined }), used: false },
  { name: 'an ephemeral volume of a pod that has finished', pod: owner({ status: { phase: 'Succeeded' } }), of: owned, used: true },
  { name: 'an ephemeral volume of a pod that ends', pod: owner({}, { ...ending, deletionGracePeriodSeconds: 30 }), of: owned, used: true },
  {
    name: 'an ephemeral volume of a pod that is shut down',
    pod: owner({}, { ...ending, deletionGracePeriodSeconds: 0 }),
    of: owned,
    used: false,
  },
  { name: 'an ephemeral volume of a claim that is not the pod’s', pod: user({ volumes: [{ name: 'data', ephemeral: {} }] }), used: false },
]

for (const { name, pod, of = claim, used } of uses) {
  test(`usesClaim() of ${name} is ${used}`, () => assert.equal(usesClaim(pod, of()), used))
}

test('pvcProtection keeps a claim until its pod is gone', async () => {
  await using scenario = startScenario({
    controllers: [pvcProtection],
    prepare(api) {
      api.seed(persistentVolumeClaims, { ...claim(), metadata: { ...claim().metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } })
      api.seed(pods, user({}))
      api.seed(persistentVolumeClaims, { metadata: { name: 'bare', namespace: 'ns' }, spec: {} })
    },
  })
  const { api } = scenario
  const bare = () => api.read(persistentVolumeClaims, 'ns', 'bare')?.metadata.finalizers?.includes(pvcProtectionFinalizer) === true
  await scenario.until(bare, 'the finalizer on a claim without it')
  assert.ok(api.read(persistentVolumeClaims, 'ns', 'data'))
  api.remove(pods, 'ns', 'p')
  await scenario.until(() => api.read(persistentVolumeClaims, 'ns', 'data') === undefined, 'the claim to go')
})

test('pvProtection keeps a volume while it is bound', async () => {
  const volume: PersistentVolume = {
    metadata: { name: 'v', finalizers: [pvProtectionFinalizer], deletionTimestamp: '2026-01-01T00:00:00Z' },
    spec: {},
    status: { phase: 'Bound' },
  }
  await using scenario = startScenario({
    controllers: [pvProtection],
    prepare(api) {
      api.seed(persistentVolumes, volume)
      api.seed(persistentVolumes, { metadata: { name: 'bare' }, spec: {} })
    },
  })
  const { api } = scenario
  await scenario.until(() => api.read(persistentVolumes, '', 'bare')?.metadata.finalizers?.length === 1, 'the finalizer')
  assert.ok(api.read(persistentVolumes, '', 'v'))
  api.change(persistentVolumes, '', 'v', object => {
    object.status = { phase: 'Released' }
  })
  await scenario.until(() => api.read(persistentVolumes, '', 'v') === undefined, 'the volume to go')
})
