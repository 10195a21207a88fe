import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ControllerRevision } from '../../types/apps-v1.ts'
import { row, validateNew, validateUpdate } from '../core/new-object.fixture.ts'
import { controllerRevision } from './controller-revision.ts'

const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'u', controller: true }
const revision: ControllerRevision = { metadata: { name: 'db-1', ownerReferences: [owner] }, data: { spec: 1 }, revision: 1 }

test('controllerRevision requires data and a revision of at least 0', () => {
  assert.deepEqual(validateNew(controllerRevision, revision).errors, [])
  assert.deepEqual(validateNew(controllerRevision, { metadata: {}, revision: -1 }).errors, [
    'revision: Invalid value: -1: must be greater than or equal to 0',
    'data: Required value: data is mandatory',
  ])
})

test('controllerRevision accepts only an object as data', () => {
  for (const data of ['text', 5, [1], true]) {
    const validated = validateNew(controllerRevision, { ...revision, data })
    assert.deepEqual(validated.errors, ['data: Required value: data must be a valid JSON object'], JSON.stringify(data))
  }
  assert.deepEqual(validateNew(controllerRevision, { ...revision, data: {} }).errors, [])
})

test('controllerRevision keeps its data', () => {
  // Missing data in an update is only reported as a change.
  const emptied = validateUpdate(controllerRevision, revision, object => {
    object.data = null
  })
  assert.deepEqual(emptied.errors, ['data: Invalid value: "null": field is immutable'])
  assert.deepEqual(
    validateUpdate(controllerRevision, revision, object => {
      object.revision = 2
    }).fields,
    [],
  )
  assert.deepEqual(
    validateUpdate(controllerRevision, revision, object => {
      object.data = { spec: 2 }
    }).fields,
    ['data'],
  )
  assert.deepEqual(
    validateUpdate(controllerRevision, { ...revision, data: { spec: {} } }, object => {
      object.data = {}
    }).fields,
    ['data'],
  )
})

test('controllerRevision prints its controller', () => {
  assert.equal(row(controllerRevision, revision)['Controller'], 'statefulset.apps/db')
  assert.equal(row(controllerRevision, { ...revision, metadata: {} })['Controller'], '<none>')
})
