import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isReason } from '../api/status.ts'
import type { Pod } from '../api/types/core-v1.ts'
import { Client } from './client.ts'
import { disruptPod } from './disrupt-pod.ts'
import { pods } from './resources.ts'
import { FakeApi } from './testing/fake-api.ts'

const { signal } = new AbortController()
const pod: Pod = { metadata: { name: 'p', namespace: 'ns', uid: 'u' }, spec: { containers: [] }, status: { phase: 'Running' } }

test('disruptPod() does not mark a pod as failed that has succeeded meanwhile', async () => {
  const api = new FakeApi()
  const client = new Client(api)
  const seen = api.seed(pods, pod)
  api.change(pods, 'ns', 'p', ({ status }) => Object.assign(status ?? {}, { phase: 'Succeeded' }))
  const target = { reason: 'DeletionByPodGC', message: 'm' }
  await assert.rejects(disruptPod(client, seen, { phase: 'Failed', target }, 0, signal), err => isReason(err, 'Conflict'))
  const { phase, conditions } = api.read(pods, 'ns', 'p')?.status ?? {}
  assert.deepEqual([phase, conditions], ['Succeeded', undefined])
  await disruptPod(client, seen, { target, gracePeriodSeconds: 0 }, 0, signal)
  assert.equal(api.read(pods, 'ns', 'p'), undefined)
})

test('disruptPod() succeeds for a pod that no longer exists', async () => {
  await disruptPod(new Client(new FakeApi()), pod, { phase: 'Failed', gracePeriodSeconds: 0 }, 0, signal)
})
