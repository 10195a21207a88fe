import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod, PodCondition, PodStatus } from '../../api/types/core-v1.ts'
import { containerOf, type Instance, podOf, stateOf } from './fixture.ts'
import { emptyPodState, type PodState } from './pod-state.ts'
import { nextAttempt, podStatus, type StatusNotes, withReported } from './pod-status.ts'

const notes: StatusNotes = {
  waiting: new Map(),
  ready: () => true,
  started: () => true,
  messages: new Map(),
  hostIps: ['192.0.2.1'],
  terminated: false,
  now: Date.UTC(2026, 0, 1),
}
const ended = (exitCode: number): Instance => ({ state: 'CONTAINER_EXITED', exitCode })
const notStarted = (name: string) => new Map([[name, { reason: 'RunContainerError', message: 'm' }]])
const two = podOf({ containers: [containerOf('a'), containerOf('b')] })

const phases: [string, Pod, PodState, Partial<StatusNotes>, string][] = [
  ['nothing yet', podOf(), emptyPodState, {}, 'Pending'],
  ['running', podOf(), stateOf({ c: [{}] }), {}, 'Running'],
  ['one of two started', two, stateOf({ a: [{}] }), {}, 'Pending'],
  ['one ended, one runs', two, stateOf({ a: [ended(0)], b: [{}] }), {}, 'Running'],
  [
    'crash loop',
    podOf(),
    stateOf({ c: [ended(1)] }),
    { waiting: new Map([['c', { reason: 'CrashLoopBackOff', message: 'm' }]]) },
    'Running',
  ],
  ['all succeeded, Never', podOf({ restartPolicy: 'Never' }), stateOf({ c: [ended(0)] }), {}, 'Succeeded'],
  ['failed, Never', podOf({ restartPolicy: 'Never' }), stateOf({ c: [ended(1)] }), {}, 'Failed'],
  ['failed, OnFailure', podOf({ restartPolicy: 'OnFailure' }), stateOf({ c: [ended(1)] }), {}, 'Running'],
  ['ended, Always', podOf(), stateOf({ c: [ended(0)] }), {}, 'Running'],
  ['not startable, Never', podOf({ restartPolicy: 'Never' }), stateOf({ c: [ended(128)] }), { waiting: notStarted('c') }, 'Failed'],
  [
    'not startable, OnFailure',
    podOf({ restartPolicy: 'OnFailure' }),
    stateOf({ c: [ended(128)] }),
    { waiting: notStarted('c') },
    'Running',
  ],
  [
    'init not startable, Never',
    podOf({ restartPolicy: 'Never', initContainers: [containerOf('i')] }),
    stateOf({ i: [ended(128)] }),
    { waiting: notStarted('i') },
    'Failed',
  ],
  [
    'sidecar not startable, Never',
    podOf({ restartPolicy: 'Never', initContainers: [containerOf('i', { restartPolicy: 'Always' })] }),
    stateOf({ i: [ended(128)] }),
    { waiting: notStarted('i') },
    'Pending',
  ],
  ['init failed, Never', podOf({ restartPolicy: 'Never', initContainers: [containerOf('i')] }), stateOf({ i: [ended(1)] }), {}, 'Failed'],
  ['init runs', podOf({ initContainers: [containerOf('i')] }), stateOf({ i: [{}] }), {}, 'Pending'],
  ['over its deadline', podOf(), stateOf({ c: [{}] }), { terminal: { reason: 'DeadlineExceeded', message: 'm' } }, 'Failed'],
  ['terminated with success', podOf(), stateOf({ c: [ended(0)] }), { terminated: true }, 'Succeeded'],
  ['terminated by a signal', podOf(), stateOf({ c: [ended(137)] }), { terminated: true }, 'Failed'],
]

for (const [name, pod, state, extra, want] of phases) {
  test(`podStatus() phase: ${name}`, () => assert.equal(podStatus(pod, state, { ...notes, ...extra }).phase, want))
}

const conditionsOf = (pod: Pod, state: PodState, extra: Partial<StatusNotes> = {}) =>
  (podStatus(pod, state, { ...notes, ...extra }).conditions ?? []).map(
    ({ type, status, reason }) => `${type}=${status}${reason ? ` ${reason}` : ''}`,
  )

test('podStatus() conditions of a ready pod, in the kubelet’s order', () => {
  assert.deepEqual(conditionsOf(podOf(), stateOf({ c: [{}] })), [
    'PodReadyToStartContainers=True',
    'Initialized=True',
    'Ready=True',
    'ContainersReady=True',
    'PodScheduled=True',
  ])
})

test('podStatus() conditions of an unready and of a succeeded pod', () => {
  const unready = podStatus(podOf(), stateOf({ c: [{}] }), { ...notes, ready: () => false })
  const ready = unready.conditions?.find(({ type }) => type === 'Ready')
  assert.equal(ready?.reason, 'ContainersNotReady')
  assert.equal(ready?.message, 'containers with unready status: [c]')
  assert.deepEqual(conditionsOf(podOf({ restartPolicy: 'Never' }), stateOf({ c: [ended(0)] })).slice(1, 4), [
    'Initialized=True PodCompleted',
    'Ready=False PodCompleted',
    'ContainersReady=False PodCompleted',
  ])
})

test('podStatus() keeps the transition time of an unchanged condition, and omits conditions of other owners', () => {
  const old = [
    { type: 'Ready', status: 'True', lastTransitionTime: '2020-01-01T00:00:00Z' },
    { type: 'example.com/gate', status: 'True' },
  ]
  const { conditions = [] } = podStatus({ ...podOf(), status: { conditions: old } }, stateOf({ c: [{}] }), notes)
  assert.equal(conditions.find(({ type }) => type === 'Ready')?.lastTransitionTime, '2020-01-01T00:00:00Z')
  assert.ok(!conditions.some(({ type }) => type === 'example.com/gate'))
})

const gate = 'example.com/gate'
const gates: [string, PodCondition[], string, string | undefined][] = [
  ['is missing', [], 'False', `corresponding condition of pod readiness gate "${gate}" does not exist.`],
  ['is open', [{ type: gate, status: 'False' }], 'False', `the status of pod readiness gate "${gate}" is not "True", but False`],
  ['is passed', [{ type: gate, status: 'True' }], 'True', undefined],
]
for (const [name, given, want, message] of gates) {
  test(`podStatus() of a pod whose readiness gate ${name}`, () => {
    const pod = { ...podOf({ readinessGates: [{ conditionType: gate }] }), status: { conditions: given } }
    const ready = podStatus(pod, stateOf({ c: [{}] }), notes).conditions?.find(({ type }) => type === 'Ready')
    assert.equal(ready?.status, want)
    assert.equal(ready?.message, message)
  })
}

test('withReported() takes own conditions from the last report and those of other owners from the API', () => {
  const reported: PodStatus = { conditions: [{ type: 'Ready', status: 'True' }] }
  const conditions = [
    { type: 'Ready', status: 'False' },
    { type: gate, status: 'False' },
  ]
  const merged = withReported({ ...podOf(), status: { conditions } }, reported)
  assert.deepEqual(merged.status?.conditions, [
    { type: 'Ready', status: 'True' },
    { type: gate, status: 'False' },
  ])
})

test('podStatus() of a container that failed to start and is not restarted: terminated, not waiting', () => {
  const pod = podOf({ restartPolicy: 'Never' })
  const [status] = podStatus(pod, stateOf({ c: [ended(128)] }), { ...notes, waiting: notStarted('c') }).containerStatuses ?? []
  assert.equal(status?.state?.terminated?.exitCode, 128)
  assert.deepEqual(status?.lastState, {})
})

test('podStatus() of a crash loop: now waiting, last terminated', () => {
  const waiting = new Map([['c', { reason: 'CrashLoopBackOff', message: 'back-off 10s' }]])
  const state = stateOf({ c: [{ ...ended(1), attempt: 2, annotations: { 'io.kubernetes.container.restartCount': '2' } }] })
  const [status] = podStatus(podOf(), state, { ...notes, waiting }).containerStatuses ?? []
  assert.deepEqual(status?.state, { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } })
  assert.equal(status?.lastState?.terminated?.exitCode, 1)
  assert.equal(status?.lastState?.terminated?.reason, 'Error')
  assert.equal(status?.restartCount, 2)
  assert.equal(status?.ready, false)
})

test('podStatus() gives waiting containers the reason PodInitializing if the pod has init containers, and to those too', () => {
  const reasons = (pod: Pod) => {
    const { initContainerStatuses = [], containerStatuses = [] } = podStatus(pod, emptyPodState, notes)
    return [...initContainerStatuses, ...containerStatuses].map(({ state }) => state?.waiting?.reason)
  }
  assert.deepEqual(reasons(podOf()), ['ContainerCreating'])
  assert.deepEqual(reasons(podOf({ initContainers: [containerOf('i')] })), ['PodInitializing', 'PodInitializing'])
})

test('podStatus() reports the pod as scheduled, whatever the scheduler took back too late', () => {
  const reported = { type: 'PodScheduled', status: 'False', reason: 'SchedulerError', message: 'the answer was lost' }
  const { conditions } = podStatus({ ...podOf(), status: { conditions: [reported] } }, stateOf({ c: [{}] }), notes)
  const scheduled = conditions?.find(({ type }) => type === 'PodScheduled')
  assert.deepEqual([scheduled?.status, scheduled?.reason], ['True', undefined])
})

test('withReported() keeps the phase of a pod that another client has ended', () => {
  const phaseOf = (phase: string) => withReported({ ...podOf(), status: { phase } }, { phase: 'Running' }).status?.phase
  assert.deepEqual(['Pending', 'Succeeded', 'Failed'].map(phaseOf), ['Running', 'Succeeded', 'Failed'])
})

test('podStatus() reports the mounts of every container, none as recursively read-only', () => {
  const volumeMounts = [
    { name: 'data', mountPath: '/data', subPath: 'x' },
    { name: 'token', mountPath: '/token', readOnly: true },
  ]
  const wanted = [
    { name: 'data', mountPath: '/data' },
    { name: 'token', mountPath: '/token', readOnly: true, recursiveReadOnly: 'Disabled' },
  ]
  const pod = podOf({
    initContainers: [containerOf('i', { volumeMounts })],
    containers: [containerOf('c', { volumeMounts }), containerOf('d')],
  })
  const { initContainerStatuses, containerStatuses } = podStatus(pod, stateOf({ i: [ended(0)] }), notes)
  assert.deepEqual(initContainerStatuses?.[0]?.volumeMounts, wanted)
  assert.deepEqual(containerStatuses?.[0]?.volumeMounts, wanted, 'before the container starts')
  assert.equal(containerStatuses?.[1]?.volumeMounts, undefined)
})

test('podStatus() reports the resources of resizable containers, also empty ones, and no `started` for an ephemeral container', () => {
  const requests = { cpu: '1' }
  const pod = podOf({
    initContainers: [containerOf('i', { resources: { requests } }), containerOf('s', { restartPolicy: 'Always' })],
    containers: [containerOf('c'), containerOf('r', { resources: { requests } })],
    ephemeralContainers: [{ name: 'e', image: 'x' }],
  })
  const status = podStatus(pod, stateOf({ i: [ended(0)], s: [{}], c: [{}], r: [{}], e: [{}] }), notes)
  const of = (list: PodStatus['containerStatuses']) => list?.map(({ resources, allocatedResources }) => [resources, allocatedResources])
  assert.deepEqual(of(status.initContainerStatuses), [
    [undefined, undefined],
    [{}, undefined],
  ])
  assert.deepEqual(of(status.containerStatuses), [
    [{}, undefined],
    [{ requests }, requests],
  ])
  assert.deepEqual(of(status.ephemeralContainerStatuses), [[undefined, undefined]])
  for (const state of [stateOf({ e: [{}] }), emptyPodState])
    assert.equal('started' in (podStatus(pod, state, notes).ephemeralContainerStatuses?.[0] ?? {}), false)
  assert.equal(podStatus(pod, emptyPodState, notes).containerStatuses?.[0]?.resources, undefined, 'not before it starts')
})

test('podStatus() keeps the final state of an ephemeral container that its node has no record of', () => {
  const said = { name: 'e', image: 'x', imageID: 'i', ready: false, restartCount: 0, state: { terminated: { exitCode: 3 } } }
  const pod = { ...podOf({ ephemeralContainers: [{ name: 'e', image: 'x' }] }), status: { ephemeralContainerStatuses: [said] } }
  assert.deepEqual(podStatus(pod, stateOf({ c: [{}] }), notes).ephemeralContainerStatuses, [said])
})

/** Of a container that ran, as its node reported it. */
const reported = {
  name: 'c',
  image: 'x',
  imageID: 'i',
  ready: true,
  restartCount: 2,
  containerID: 'containerd://1',
  state: { running: { startedAt: '' } },
}

test('podStatus() counts a restart of a container that ran and that its node has no record of, once', () => {
  const pod = { ...podOf(), status: { containerStatuses: [reported] } }
  const status = podStatus(pod, emptyPodState, notes)
  const [lost] = status.containerStatuses ?? []
  assert.equal(lost?.restartCount, 3)
  assert.deepEqual([lost?.lastState?.terminated?.reason, lost?.lastState?.terminated?.exitCode], ['ContainerStatusUnknown', 137])
  const later = podStatus({ ...pod, status }, emptyPodState, notes)
  assert.deepEqual(later.containerStatuses, status.containerStatuses)
  assert.deepEqual(
    [pod, { ...pod, status }].map(known => nextAttempt(known, emptyPodState, 'c')),
    [3, 3],
  )
  const again = podStatus({ ...pod, status: later }, stateOf({ c: [{ attempt: 3 }] }), notes).containerStatuses?.[0]
  assert.deepEqual([again?.restartCount, again?.lastState], [3, lost?.lastState])
})

test('podStatus() counts no restart of a container that is not made again, or was never made', () => {
  const of = (pod: Pod, given: Partial<StatusNotes> = {}) =>
    podStatus(pod, emptyPodState, { ...notes, ...given }).containerStatuses?.[0]?.restartCount
  const pod = { ...podOf(), status: { containerStatuses: [reported] } }
  assert.equal(of(pod, { terminated: true }), 2)
  assert.equal(of({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }), 2)
  const { containerID: _, ...waiting } = reported
  assert.equal(of({ ...pod, status: { containerStatuses: [{ ...waiting, state: { waiting: { reason: 'ContainerCreating' } } }] } }), 2)
})
