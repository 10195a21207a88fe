import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReplicaSet } from '../../types/apps-v1.ts'
import { row, validateNew, validateSubresource, validateUpdate } from '../core/new-object.fixture.ts'
import { replicaSet } from './replica-set.ts'
import { labels, newTemplate } from './workload.fixture.ts'

const newReplicaSet = (spec: Partial<ReplicaSet['spec']> = {}): ReplicaSet => ({
  metadata: { name: 'web', namespace: 'shop' },
  spec: { selector: { matchLabels: labels }, template: newTemplate(), ...spec },
})

test('replicaSet has one replica by default and starts with an empty status', () => {
  const { object, errors } = validateNew(replicaSet, newReplicaSet())
  assert.deepEqual(errors, [])
  assert.equal(object.spec.replicas, 1)
  assert.deepEqual(object.status, { replicas: 0 })
})

const refusals: { name: string; spec: Partial<ReplicaSet['spec']>; fields: string[] }[] = [
  { name: 'negative counts', spec: { replicas: -1, minReadySeconds: -1 }, fields: ['spec.replicas', 'spec.minReadySeconds'] },
  { name: 'no selector', spec: { selector: null }, fields: ['spec.selector', 'spec.template.metadata.labels'] },
  { name: 'an empty selector', spec: { selector: {} }, fields: ['spec.selector'] },
  {
    name: 'a broken selector once for the part and once for the whole',
    spec: { selector: { matchExpressions: [{ key: 'a', operator: 'Near' }] } },
    fields: ['spec.selector.matchExpressions[0].operator', 'spec.selector'],
  },
]
for (const { name, spec, fields } of refusals) {
  test(`replicaSet rejects ${name}`, () => assert.deepEqual(validateNew(replicaSet, newReplicaSet(spec)).fields, fields))
}

test('replicaSet with several replicas rejects a writable GCE disk', () => {
  const template = newTemplate()
  Object.assign(template.spec ?? {}, { volumes: [{ name: 'disk', gcePersistentDisk: { pdName: 'd' } }] })
  assert.deepEqual(validateNew(replicaSet, newReplicaSet({ template, replicas: 1 })).fields, [])
  assert.deepEqual(validateNew(replicaSet, newReplicaSet({ template, replicas: 2 })).fields, [
    'spec.template.spec.volumes[0].gcePersistentDisk.readOnly',
  ])
})

test('replicaSet keeps its selector', () => {
  const old = validateNew(replicaSet, newReplicaSet()).object
  const { fields } = validateUpdate(replicaSet, old, ({ spec }) => {
    spec.selector = { matchExpressions: [{ key: 'app', operator: 'Exists' }] }
  })
  assert.deepEqual(fields, ['spec.selector'])
})

test('replicaSet/status rejects more available than ready pods', () => {
  const old = validateNew(replicaSet, newReplicaSet()).object
  const { errors } = validateSubresource(replicaSet, 'status', old, object => {
    object.status = { replicas: 3, readyReplicas: 1, availableReplicas: 2 }
  })
  assert.deepEqual(errors, ['status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas'])
})

test('replicaSet prints its counts', () => {
  const object = validateNew(replicaSet, newReplicaSet({ replicas: 3 })).object
  object.status = { replicas: 2, readyReplicas: 1 }
  const { Desired, Current, Ready } = row(replicaSet, object)
  assert.deepEqual([Desired, Current, Ready], [3, 2, 1])
})
