import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container, ResourceRequirements } from '../../api/types/core-v1.ts'
import { podOf, stateOf } from './fixture.ts'
import { asGiven, asksFor, givenBefore, planResize, startedWith, widestPod } from './pod-resize.ts'
import { newestContainer } from './pod-state.ts'

const running = newestContainer(stateOf({ c: [{}] }), 'c')
assert.ok(running)
const status = running
const given: ResourceRequirements = { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2' } }
const containerOf = (resources: ResourceRequirements, resizePolicy: Container['resizePolicy'] = []): Container => ({
  name: 'c',
  resources,
  resizePolicy,
})

const rows: { name: string; container: Container; want: 'nothing' | 'update' | 'restart' }[] = [
  { name: 'what it has', container: containerOf(given), want: 'nothing' },
  { name: 'the same in other words', container: containerOf({ ...given, requests: { cpu: '1000m', memory: '1024Mi' } }), want: 'nothing' },
  { name: 'another request', container: containerOf({ ...given, requests: { cpu: '2', memory: '1Gi' } }), want: 'update' },
  { name: 'another limit', container: containerOf({ ...given, limits: { cpu: '3' } }), want: 'update' },
  { name: 'a limit that it had not', container: containerOf({ ...given, limits: { cpu: '2', memory: '2Gi' } }), want: 'update' },
  {
    name: 'memory, for which it wants a new start',
    container: containerOf({ ...given, requests: { cpu: '1', memory: '2Gi' } }, [
      { resourceName: 'memory', restartPolicy: 'RestartContainer' },
    ]),
    want: 'restart',
  },
  {
    name: 'CPU, where only memory wants a new start',
    container: containerOf({ ...given, requests: { cpu: '2', memory: '1Gi' } }, [
      { resourceName: 'memory', restartPolicy: 'RestartContainer' },
    ]),
    want: 'update',
  },
]
for (const { name, container, want } of rows) {
  test(`planResize() of a container that requests ${name}`, () => {
    const plan = planResize({ kind: 'regular', spec: container }, status, given)
    assert.equal(plan === undefined ? 'nothing' : plan.restart ? 'restart' : 'update', want)
  })
}

test("startedWith() uses the container's status in the API, then its creation parameters", () => {
  const written = { ...status, annotations: { 'io.kubernetes.container.resources': JSON.stringify(given) } }
  const reported = (containerID: string) => ({
    ...podOf(),
    status: {
      containerStatuses: [
        { name: 'c', ready: true, restartCount: 0, image: '', imageID: '', containerID, resources: { requests: { cpu: '7' } } },
      ],
    },
  })
  const container = containerOf({ requests: { cpu: '9' } })
  assert.deepEqual(startedWith(reported(`containerd://${status.id}`), container, written), { requests: { cpu: '7' } })
  assert.deepEqual(startedWith(reported('containerd://before'), container, written), given)
  assert.deepEqual(startedWith(podOf(), container, { ...status, annotations: {} }), { requests: { cpu: '9' } })
})

test('widestPod() fits both the current and the new resources of containers', () => {
  const pod = podOf({
    containers: [containerOf({ requests: { cpu: '1' }, limits: { cpu: '3', memory: '1Gi' } }), { name: 'd', image: 'i' }],
  })
  const applied = new Map([['c', { requests: { cpu: '2' }, limits: { cpu: '2' } }]])
  const [widened, other] = widestPod(pod, applied).spec.containers
  assert.deepEqual(widened?.resources, { requests: { cpu: '2' }, limits: { cpu: '3' } })
  assert.deepEqual(other, { name: 'd', image: 'i' })
})

test("asGiven() returns the pod itself if nothing differs, otherwise with each container's granted resources", () => {
  const claims = [{ name: 'gpu' }]
  const pod = podOf({
    containers: [containerOf({ requests: { cpu: '2' }, claims }), { name: 'other', resources: { limits: { memory: '1Gi' } } }],
    initContainers: [{ name: 'sidecar', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } }],
  })
  const has = new Map([...asksFor(pod), ['c', given] as const, ['sidecar', {}] as const])
  const { spec } = asGiven(pod, has)
  assert.deepEqual(spec.containers, [containerOf({ claims, ...given }), pod.spec.containers[1]])
  assert.deepEqual(spec.initContainers, [{ name: 'sidecar', restartPolicy: 'Always', resources: {} }])
  assert.equal(asGiven(pod, new Map([...asksFor(pod), ['c', { requests: { cpu: '2000m' } }] as const])), pod)
})

test('givenBefore() uses the status, and the spec if that is empty', () => {
  const reported = { name: 'c', ready: true, restartCount: 0, image: '', imageID: '' }
  const pod = podOf({ containers: [containerOf({ requests: { cpu: '2' } })] })
  const saying = (resources?: ResourceRequirements) => ({
    ...pod,
    status: { containerStatuses: [{ ...reported, ...(resources && { resources }) }] },
  })
  assert.deepEqual([...givenBefore(saying(given))], [['c', given]])
  assert.deepEqual([...givenBefore(saying())], [['c', { requests: { cpu: '2' } }]])
})
