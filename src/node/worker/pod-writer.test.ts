import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodStatus } from '../../api/types/core-v1.ts'
import { Client } from '../../client/client.ts'
import { pods } from '../../client/resources.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import { podOf } from '../pod/fixture.ts'
import { podWriter } from './pod-writer.ts'

test('podWriter() removes fields that it sent last, even if the copy of the pod does not show them yet', async () => {
  const api = new FakeApi(() => 0)
  const { signal } = new AbortController()
  const writer = podWriter(new Client(api))
  const pod = podOf()
  api.seed(pods, pod)
  const pending = { type: 'PodResizePending', status: 'True', reason: 'Deferred', message: 'no room' }
  const scheduled = { type: 'PodScheduled', status: 'True' }
  const before: PodStatus = { conditions: [scheduled, pending], podIP: '10.244.0.5', podIPs: [{ ip: '10.244.0.5' }] }
  await writer.writeStatus(pod, before, undefined, signal)
  const conditions = () => api.read(pods, 'default', 'p')?.status?.conditions?.map(({ type }) => type)
  assert.deepEqual(conditions(), ['PodScheduled', 'PodResizePending'])
  await writer.writeStatus(pod, { conditions: [scheduled], podIP: '10.244.0.6', podIPs: [{ ip: '10.244.0.6' }] }, before, signal)
  assert.deepEqual(conditions(), ['PodScheduled'])
  const { body } = api.requests.at(-1) ?? {}
  const { podIPs } = (body as { status: PodStatus }).status
  assert.deepEqual(podIPs, [{ ip: '10.244.0.6' }, { $patch: 'delete', ip: '10.244.0.5' }])
})
