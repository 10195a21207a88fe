import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planDeletion, planObject } from './plan-selective.ts'

const configMap = (value: string, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'n', ...metadata },
  data: { value },
})
const wanted = (object: object, resource = 'configmaps') => ({ resource, namespace: 'n', name: 'a', object: { ...object } })

test('planObject() creates what is missing, without what the API server sets', () => {
  const action = planObject(wanted(configMap('x', { uid: 'u', resourceVersion: '1', managedFields: [] })), undefined)
  assert.deepEqual(action.verb === 'create' && action.body, configMap('x'))
})

test('planObject() names the fields that would change, and keeps what is as it was', () => {
  const live = configMap('now', { uid: 'live', resourceVersion: '9' })
  const action = planObject(wanted(configMap('then', { uid: 'old' })), live)
  assert.deepEqual(action.verb === 'change' && [action.changed, action.body['metadata']], [
    ['data.value'],
    { name: 'a', namespace: 'n', resourceVersion: '9', uid: 'live' },
  ])
  assert.equal(planObject(wanted(configMap('now')), live).verb, 'keep')
})

test('planObject() skips what something else makes', () => {
  const owned = configMap('x', { ownerReferences: [{ kind: 'ReplicaSet', name: 'web', controller: true }] })
  const action = planObject(wanted(owned), undefined)
  assert.equal(action.verb === 'skip' && action.why, 'ReplicaSet "web" makes it')
  assert.equal(planObject(wanted(configMap('x'), 'events'), undefined).verb, 'skip')
  assert.equal(planObject(wanted(configMap('x', { deletionTimestamp: '2026-01-01T00:00:00Z' })), undefined).verb, 'skip')
  assert.equal(planDeletion(wanted(owned)).verb, 'skip')
  assert.equal(planDeletion(wanted(configMap('x'))).verb, 'delete')
})

test('planObject() lets the cluster choose the address of a Service, and never changes one', () => {
  const service = (clusterIP: string) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'a' },
    spec: { clusterIP, clusterIPs: [clusterIP], ports: [] },
  })
  const created = planObject(wanted(service('10.0.0.1'), 'services'), undefined)
  assert.deepEqual(created.verb === 'create' && created.body['spec'], { ports: [] })
  const headless = planObject(wanted(service('None'), 'services'), undefined)
  assert.deepEqual(headless.verb === 'create' && headless.body['spec'], { clusterIP: 'None', ports: [] })
  assert.equal(planObject(wanted(service('10.0.0.1'), 'services'), service('10.0.0.2')).verb, 'keep')
})
