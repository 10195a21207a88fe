import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../api/types/core-v1.ts'
import { containerOf, podOf, stateOf } from './fixture.ts'
import { containerHash, type PodPlan, planPod } from './pod-plan.ts'
import { containerAnnotations, emptyPodState, type PodState } from './pod-state.ts'

const healthy = { started: () => true, failed: () => undefined }
const exited = (exitCode: number) => ({ state: 'CONTAINER_EXITED' as const, exitCode })
const text = (plan: PodPlan) =>
  [
    plan.killPod ? 'kill pod' : '',
    plan.createSandbox ? `sandbox ${plan.attempt}` : '',
    ...plan.kill.map(({ message }) => `kill: ${message}`),
    ...plan.start.map(({ kind, spec }) => `start ${kind} ${spec.name}`),
  ]
    .filter(Boolean)
    .join('; ')

const withInit = podOf({ initContainers: [containerOf('i1'), containerOf('i2')] })
const withSidecar = podOf({ initContainers: [containerOf('side', { restartPolicy: 'Always' }), containerOf('i')] })

const withEndedEphemeral: Pod = {
  ...podOf({ ephemeralContainers: [{ name: 'e', image: 'x' }] }),
  status: {
    ephemeralContainerStatuses: [
      { name: 'e', image: 'x', imageID: '', ready: false, restartCount: 0, state: { terminated: { exitCode: 0 } } },
    ],
  },
}

const rows: [string, Pod, PodState, string][] = [
  ['a new pod', podOf(), emptyPodState, 'sandbox 0; start regular c'],
  ['a new pod with init containers', withInit, emptyPodState, 'sandbox 0; start init i1'],
  ['a running pod', podOf(), stateOf({ c: [{}] }), ''],
  ['a lost sandbox', podOf(), stateOf({ c: [exited(137)] }, { state: 'SANDBOX_NOTREADY' }), 'kill pod; sandbox 1; start regular c'],
  [
    'a lost sandbox, restartPolicy Never',
    podOf({ restartPolicy: 'Never' }),
    stateOf({ c: [exited(1)] }, { state: 'SANDBOX_NOTREADY' }),
    'kill pod',
  ],
  [
    'a lost sandbox, all succeeded, OnFailure',
    podOf({ restartPolicy: 'OnFailure' }),
    stateOf({ c: [exited(0)] }, { state: 'SANDBOX_NOTREADY' }),
    'kill pod',
  ],
  ['an ended container, Always', podOf(), stateOf({ c: [exited(0)] }), 'start regular c'],
  ['a failed container, OnFailure', podOf({ restartPolicy: 'OnFailure' }), stateOf({ c: [exited(1)] }), 'start regular c'],
  ['a succeeded container, OnFailure', podOf({ restartPolicy: 'OnFailure' }), stateOf({ c: [exited(0)] }), 'kill pod'],
  ['a failed container, Never', podOf({ restartPolicy: 'Never' }), stateOf({ c: [exited(1)] }), 'kill pod'],
  ['an init container that runs', withInit, stateOf({ i1: [{}] }), ''],
  ['the next init container', withInit, stateOf({ i1: [exited(0)] }), 'start init i2'],
  ['a failed init container', withInit, stateOf({ i1: [exited(1)] }), 'start init i1'],
  [
    'a failed init container, Never',
    podOf({ restartPolicy: 'Never', initContainers: [containerOf('i1')] }),
    stateOf({ i1: [exited(1)] }),
    'kill pod',
  ],
  ['init containers are through', withInit, stateOf({ i1: [exited(0)], i2: [exited(0)] }), 'start regular c'],
  ['the record of an init container is gone', withInit, stateOf({ c: [{}] }), ''],
  [
    'init containers run again in a new sandbox',
    withInit,
    stateOf({ i1: [exited(0)], i2: [exited(0)], c: [exited(137)] }, { state: 'SANDBOX_NOTREADY' }),
    'kill pod; sandbox 1; start init i1',
  ],
  ['a sidecar has started', withSidecar, stateOf({ side: [{}] }), 'start init i'],
  [
    'a sidecar that ended is started beside the containers',
    withSidecar,
    stateOf({ side: [exited(1)], i: [exited(0)], c: [{}] }),
    'start init side',
  ],
  [
    'a changed image',
    podOf(),
    stateOf({ c: [{ annotations: { [containerAnnotations.hash]: 'other' } }] }),
    'kill: Container c definition changed, will be restarted',
  ],
  ['the same image', podOf(), stateOf({ c: [{ annotations: { [containerAnnotations.hash]: containerHash(containerOf('c')) } }] }), ''],
  ['a new ephemeral container', podOf({ ephemeralContainers: [{ name: 'e', image: 'x' }] }), stateOf({ c: [{}] }), 'start ephemeral e'],
  [
    'an ephemeral container is never restarted',
    podOf({ ephemeralContainers: [{ name: 'e', image: 'x' }] }),
    stateOf({ c: [{}], e: [exited(0)] }),
    '',
  ],
  ['nor where its node has forgotten it', withEndedEphemeral, stateOf({ c: [{}] }), ''],
]

for (const [name, pod, state, want] of rows) test(`planPod(): ${name}`, () => assert.equal(text(planPod(pod, state, healthy)), want))

test('planPod() kills a container whose liveness probe failed', () => {
  const plan = planPod(podOf(), stateOf({ c: [{}] }), { started: () => true, failed: () => 'liveness' })
  assert.equal(text(plan), 'kill: Container c failed liveness probe, will be restarted')
})

test('planPod() waits for a sidecar that has not started', () => {
  const plan = planPod(withSidecar, stateOf({ side: [{}] }), { started: () => false, failed: () => undefined })
  assert.equal(text(plan), '')
})
