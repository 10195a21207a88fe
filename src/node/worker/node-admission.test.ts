import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../api/types/core-v1.ts'
import { Client } from '../../client/client.ts'
import { nodes } from '../../client/resources.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import { podOf } from '../pod/fixture.ts'
import { NodeAdmission, type ResidentPod } from './node-admission.ts'

const support = { supplementalGroupsPolicy: true, appArmor: true, seLinux: false }
const never = new AbortController().signal

test('NodeAdmission starts no pod while the node is short of disk, except critical ones and those admitted before', async () => {
  const api = new FakeApi(() => 0)
  api.seed(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' }, spec: {} })
  let pressure = false
  const residents: ResidentPod[] = []
  const admission = new NodeAdmission({
    client: new Client(api),
    nodeName: 'n1',
    support,
    residents: () => residents,
    pressure: () => ({ memory: false, pids: false, disk: pressure }),
  })
  const earlier = podOf({}, { uid: 'earlier' })
  assert.equal(await admission.refusal(earlier, never), undefined)
  residents.push({ uid: 'earlier', pod: earlier, removed: false, state: { sandboxes: [{}] } })
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

test('NodeAdmission counts a pod that is being deleted, but not one that was removed from the API and still stops', async () => {
  const api = new FakeApi(() => 0)
  api.seed(nodes, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n1' },
    spec: {},
    status: { allocatable: { cpu: '4', pods: '110' } },
  })
  const residents: ResidentPod[] = []
  const admission = new NodeAdmission({ client: new Client(api), nodeName: 'n1', support, residents: () => residents })
  const asking = (cpu: string) => ({ containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }] })
  const low = podOf(asking('3'), { uid: 'low', deletionTimestamp: '2026-01-01T00:00:00Z' })
  const high = podOf(asking('2'), { uid: 'high' })
  assert.equal(await admission.refusal(low, never), undefined)
  const resident = { uid: 'low', pod: low, state: { sandboxes: [{}] } }
  residents.push({ ...resident, removed: false })
  assert.equal((await admission.refusal(high, never))?.reason, 'OutOfcpu')
  residents.splice(0, 1, { ...resident, removed: true })
  assert.equal(await admission.refusal(high, never), undefined)
})

test('NodeAdmission frees what a smaller pod gave up when its resize is done', async () => {
  const api = new FakeApi(() => 0)
  api.seed(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' }, spec: {}, status: { allocatable: { cpu: '4' } } })
  const residents: ResidentPod[] = []
  const admission = new NodeAdmission({ client: new Client(api), nodeName: 'n1', support, residents: () => residents })
  const asking = (cpu: string) => ({ containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }] })
  const running = (cpu: string, has: string) => ({
    ...podOf(asking(cpu), { uid: 'resized', generation: 2 }),
    status: {
      phase: 'Running',
      containerStatuses: [{ name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0, resources: { requests: { cpu: has } } }],
    },
  })
  const resident = (pod: Pod) => residents.splice(0, 1, { uid: 'resized', pod, removed: false, state: { sandboxes: [{}] } })
  const next = podOf(asking('2'), { uid: 'next' })
  const shrinking = running('1', '3')
  resident(shrinking)
  assert.equal(await admission.resizeRefusal(shrinking, never), undefined)
  assert.equal((await admission.refusal(next, never))?.reason, 'OutOfcpu')
  resident(running('1', '1'))
  assert.equal(await admission.refusal(next, never), undefined)
})

test('NodeAdmission counts granted resources, also of an earlier agent, and not requested ones that were refused', async () => {
  const api = new FakeApi(() => 0)
  api.seed(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' }, spec: {}, status: { allocatable: { cpu: '4' } } })
  const asking = (cpu: string) => ({ containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }] })
  const has = (cpu: string) => [{ name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0, resources: { requests: { cpu } } }]
  const conditions = [{ type: 'PodResizePending', status: 'True', reason: 'Deferred' }]
  const resized = {
    ...podOf(asking('3'), { uid: 'resized' }),
    status: { phase: 'Running' as const, containerStatuses: has('1'), conditions },
  }
  const other = podOf(asking('2'), { uid: 'other' })
  const residents: ResidentPod[] = [resized, other].map(pod => ({
    uid: pod.metadata.uid ?? '',
    pod,
    removed: false,
    state: { sandboxes: [{}] },
  }))
  const admission = new NodeAdmission({ client: new Client(api), nodeName: 'n1', support, residents: () => residents })
  assert.equal((await admission.resizeRefusal(resized, never))?.reason, 'Deferred')
  assert.equal(await admission.refusal(podOf(asking('1'), { uid: 'fits' }), never), undefined)
  assert.deepEqual(admission.given(resized).spec, asking('1'))
  residents.splice(1, 1)
  assert.equal(await admission.resizeRefusal(resized, never), undefined)
  assert.equal(admission.given(resized), resized)
  assert.equal((await admission.refusal(podOf(asking('2'), { uid: 'next' }), never))?.reason, 'OutOfcpu')
})
