import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { APIService } from '../../api/types/apiregistration-v1.ts'
import { unavailableApis } from './unavailable-apis.ts'

const apiService = (name: string, status?: 'True' | 'False'): APIService => ({
  metadata: { name },
  spec: { groupPriorityMinimum: 1, versionPriority: 1 },
  ...(status === undefined
    ? {}
    : { status: { conditions: [{ type: 'Available', status, lastTransitionTime: null, reason: 'X', message: 'no addresses' }] } }),
})

test('unavailableApis() lists APIs that do not answer, and the reason', () => {
  assert.deepEqual(unavailableApis([apiService('v1.a.io', 'True'), apiService('v1.b.io', 'False'), apiService('v1.c.io')]), [
    'APIService "v1.b.io" is not available, and deletion of namespaces waits for it: no addresses',
  ])
})
