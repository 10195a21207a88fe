import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError, forbidden } from '../api/status.ts'
import { unlessEnding } from './pod-control.ts'

test('unlessEnding() takes only the end of the namespace for the end of the pass', async () => {
  const { status } = forbidden({ group: 'apps', plural: 'controllerrevisions' }, 'r', 'why')
  const causes = [{ reason: 'NamespaceTerminating', message: 'namespace ns is being terminated', field: 'metadata.namespace' }]
  assert.deepEqual(await unlessEnding(Promise.reject(new ApiError({ ...status, details: { causes } }))), { done: true })
  await assert.rejects(unlessEnding(Promise.reject(new ApiError(status))), ApiError)
  assert.deepEqual(await unlessEnding(Promise.resolve({ requeueAfterMs: 5 })), { requeueAfterMs: 5 })
})
