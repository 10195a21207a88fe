import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError, forbidden } from '../api/status.ts'
import type { Pod } from '../api/types/core-v1.ts'
import { replicaSets } from '../client/resources.ts'
import { Expectations } from './expectations.ts'
import { deleteExpected, podFromTemplate, unlessEnding } from './pod-control.ts'

test('unlessEnding() only ends a pass without error if the namespace is being deleted', async () => {
  const { status } = forbidden({ group: 'apps', plural: 'controllerrevisions' }, 'r', 'why')
  const causes = [{ reason: 'NamespaceTerminating', message: 'namespace ns is being terminated', field: 'metadata.namespace' }]
  assert.deepEqual(await unlessEnding(Promise.reject(new ApiError({ ...status, details: { causes } }))), { done: true })
  await assert.rejects(unlessEnding(Promise.reject(new ApiError(status))), ApiError)
  assert.deepEqual(await unlessEnding(Promise.resolve({ requeueAfterMs: 5 })), { requeueAfterMs: 5 })
})

test('deleteExpected() removes the expectation if a deletion failed or the pod was already gone, and counts missing pods', async () => {
  const expectations = new Expectations(() => undefined)
  const targets = ['deleted', 'gone', 'stays'].map((uid): Pod => ({ metadata: { uid }, spec: { containers: [] } }))
  expectations.expect('ns/a', { deletions: ['deleted', 'gone', 'stays'] }, 0)
  const outcome = await deleteExpected(expectations, 'ns/a', targets, async ({ metadata: { uid } }) => {
    if (uid === 'stays') throw new Error('no')
    return uid === 'deleted'
  })
  assert.equal(outcome.gone, 2)
  assert.ok(outcome.err instanceof Error)
  assert.equal(expectations.fulfilled('ns/a', 0), false)
  expectations.deleted('ns/a', 'deleted')
  assert.equal(expectations.fulfilled('ns/a', 0), true)
})

test('podFromTemplate() truncates the prefix to a valid name', () => {
  const prefixFor = (name: string) =>
    podFromTemplate({ spec: { containers: [] } }, { metadata: { name } }, replicaSets).metadata.generateName
  assert.equal(prefixFor('web'), 'web-')
  assert.equal(prefixFor('w'.repeat(252)), `${'w'.repeat(252)}-`)
  assert.equal(prefixFor('w'.repeat(253)), 'w'.repeat(253))
})
