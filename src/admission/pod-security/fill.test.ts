import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodSpec, SecurityContext } from '../../api/types/core-v1.ts'
import { fillEphemeralContainers, fillPod } from './fill.ts'
import type { LevelVersion } from './policy.ts'

const latest: LevelVersion = { level: 'restricted', minor: 'latest' }
const seccomp = 'seccompProfile.type=RuntimeDefault'
const escalation = 'allowPrivilegeEscalation=false'
const drop = 'capabilities.drop=["ALL"]'
const full: SecurityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
const profile = { seccompProfile: { type: 'RuntimeDefault' } }

interface Row {
  readonly name: string
  readonly own?: SecurityContext
  readonly pod?: Partial<PodSpec>
  readonly level?: LevelVersion
  readonly annotations?: Record<string, string>
  readonly set: readonly string[]
  readonly want?: SecurityContext
}
const rows: readonly Row[] = [
  { name: 'a pod that says nothing', set: [escalation, drop, seccomp], want: full },
  { name: 'a pod that says all', own: full, pod: { securityContext: profile }, set: [], want: full },
  {
    name: 'capabilities that are added, which stay',
    own: { capabilities: { add: ['NET_BIND_SERVICE'] } },
    set: [escalation, drop, seccomp],
    want: { allowPrivilegeEscalation: false, capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] } },
  },
  {
    name: 'what is set against the rules, which stays',
    own: { allowPrivilegeEscalation: true, capabilities: { drop: ['NET_RAW'] }, seccompProfile: { type: 'Unconfined' } },
    set: [],
    want: { allowPrivilegeEscalation: true, capabilities: { drop: ['NET_RAW'] }, seccompProfile: { type: 'Unconfined' } },
  },
  {
    name: 'an empty list, which is set',
    own: { ...full, capabilities: { drop: [] } },
    set: [seccomp],
    want: { ...full, capabilities: { drop: [] } },
  },
  { name: 'a privileged container', own: { privileged: true }, pod: { securityContext: profile }, set: [], want: { privileged: true } },
  {
    name: 'a container that administers',
    own: { capabilities: { add: ['SYS_ADMIN'] } },
    set: [drop, seccomp],
    want: { capabilities: { add: ['SYS_ADMIN'], drop: ['ALL'] } },
  },
  { name: 'a profile of the container', own: { ...full, ...profile }, set: [], want: { ...full, ...profile } },
  {
    name: 'a seccomp annotation',
    own: full,
    annotations: { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' },
    set: [],
    want: full,
  },
  { name: 'a Windows pod', pod: { os: { name: 'windows' } }, set: [], want: undefined },
  { name: 'the level baseline', level: { level: 'baseline', minor: 'latest' }, set: [] },
  { name: 'the level privileged', level: { level: 'privileged', minor: 'latest' }, set: [] },
  {
    name: 'rules of v1.21',
    level: { level: 'restricted', minor: 21 },
    set: [escalation, seccomp],
    want: { allowPrivilegeEscalation: false },
  },
  { name: 'rules of v1.7', level: { level: 'restricted', minor: 7 }, set: [] },
]
for (const { name, own, pod, level = latest, annotations = {}, set, want } of rows) {
  test(`fillPod(): ${name}`, () => {
    const container = { image: 'i', ...(own === undefined ? {} : { securityContext: own }) }
    const spec: PodSpec = { containers: [{ name: 'c', ...container }], initContainers: [{ name: 'i', ...container }], ...pod }
    const before = structuredClone(spec)
    const filled = fillPod({ metadata: { annotations }, spec }, level)
    assert.deepEqual(spec, before, 'what was given stays')
    assert.equal(filled.spec === spec, set.length === 0)
    assert.deepEqual(filled.set, set)
    for (const one of [...filled.spec.containers, ...(filled.spec.initContainers ?? [])]) assert.deepEqual(one.securityContext, want)
    assert.deepEqual(
      filled.spec.securityContext?.seccompProfile,
      set.includes(seccomp) ? { type: 'RuntimeDefault' } : before.securityContext?.seccompProfile,
    )
  })
}

test('fillPod() leaves a pod without containers to validation', () => {
  assert.deepEqual(fillPod({ metadata: {}, spec: {} as PodSpec }, latest), { spec: {}, set: [] })
})

test('fillEphemeralContainers() changes neither the containers of the pod nor an ephemeral one that it has', () => {
  const old = { name: 'old', image: 'i' }
  const before: PodSpec = { containers: [{ name: 'c', image: 'i' }], ephemeralContainers: [old] }
  const { spec, set } = fillEphemeralContainers({ ...before, ephemeralContainers: [old, { name: 'new', image: 'i' }] }, before, latest)
  assert.deepEqual(spec, { ...before, ephemeralContainers: [old, { name: 'new', image: 'i', securityContext: { ...full, ...profile } }] })
  assert.deepEqual(set, [escalation, drop, seccomp])
})

test('fillEphemeralContainers() fills fields again that a client omits', () => {
  const stored = { name: 'e', image: 'i', securityContext: full }
  const pod: PodSpec = { containers: [], securityContext: profile, ephemeralContainers: [stored] }
  const { spec } = fillEphemeralContainers({ ...pod, ephemeralContainers: [{ name: 'e', image: 'i' }] }, pod, latest)
  assert.deepEqual(spec.ephemeralContainers, [stored])
})
