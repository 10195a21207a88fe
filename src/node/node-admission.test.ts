import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../api/types/core-v1.ts'
import { Client } from '../client/client.ts'
import { FakeApi } from '../client/fake-api.ts'
import { nodes } from '../client/resources.ts'
import { podOf } from './fixture.ts'
import { NodeAdmission } from './node-admission.ts'

const never = new AbortController().signal

test('NodeAdmission lets no pod start while the node is short of disk, but those that matter most and those that were let in before', async () => {
  const api = new FakeApi(() => 0)
  api.seed(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' }, spec: {} })
  let pressure = false
  const residents: { uid: string; pod: Pod; state: { sandboxes: unknown[] } }[] = []
  const admission = new NodeAdmission({
    client: new Client(api),
    nodeName: 'n1',
    residents: () => residents,
    diskPressure: () => pressure,
  })
  const earlier = podOf({}, { uid: 'earlier' })
  assert.equal(await admission.refusal(earlier, never), undefined)
  residents.push({ uid: 'earlier', pod: earlier, state: { sandboxes: [{}] } })
  pressure = true
  assert.deepEqual(await admission.refusal(podOf({}, { uid: 'new' }), never), {
    reason: 'Evicted',
    message: 'Pod was rejected: The node had condition: [DiskPressure]. ',
  })
  assert.equal(await admission.refusal(podOf({ priority: 2_000_000_000 }, { uid: 'critical' }), never), undefined)
  assert.equal(await admission.refusal(earlier, never), undefined)
  pressure = false
  assert.equal(await admission.refusal(podOf({}, { uid: 'new' }), never), undefined)
})
