// Kinds whose update rules upstream applies twice: each error of the new object is reported twice, before immutable fields.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../object.ts'
import { daemonSet } from './apps/daemon-set.ts'
import { replicaSet } from './apps/replica-set.ts'
import { job } from './batch/job.ts'
import { validateNew, validateUpdate } from './core/new-object.fixture.ts'
import { networkPolicy } from './networking/network-policy.ts'
import { clusterRole } from './rbac/cluster-role.ts'
import { clusterRoleBinding } from './rbac/cluster-role-binding.ts'
import { role } from './rbac/role.ts'
import { roleBinding } from './rbac/role-binding.ts'
import type { ResourceDefinition } from './resource.ts'
import { csiNode } from './storage/csi-node.ts'
import { volumeAttachment } from './storage/volume-attachment.ts'

const metadata = { name: 'x', uid: 'u' }
const labels = { app: 'x' }
const podSpec = { containers: [{ name: 'c', image: 'i' }] }
const owner = { metadata, spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec } } }
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' }
const otherRole = { ...roleRef, name: 's' }
const attachment = { attacher: 'csi.example.com', nodeName: 'n', source: { persistentVolumeName: 'pv' } }
const drivers = [{ name: 'csi.example.com', nodeID: 'n', topologyKeys: null }]

function repeats<T extends KubeObject>(
  definition: ResourceDefinition<T>,
  old: T,
  change: (object: T) => void,
  faults: readonly string[],
  once: readonly string[] = [],
): void {
  test(`${definition.kind} repeats the errors of an update`, () => {
    const before = validateNew(definition, old)
    assert.deepEqual(before.errors, [])
    assert.deepEqual(validateUpdate(definition, before.object, change).fields, [...faults, ...faults, ...once])
  })
}

repeats(
  daemonSet,
  owner,
  ({ spec }) => {
    spec.minReadySeconds = -1
    spec.selector = { matchLabels: { app: 'y' } }
  },
  ['spec.template.metadata.labels', 'spec.minReadySeconds'],
  ['spec.selector'],
)
repeats(
  replicaSet,
  owner,
  ({ spec }) => {
    spec.replicas = -1
    spec.selector = { matchLabels: { app: 'y' } }
  },
  ['spec.replicas', 'spec.template.metadata.labels'],
  ['spec.selector'],
)
repeats(
  job,
  { metadata, spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } },
  ({ spec }) => {
    spec.backoffLimit = -1
    spec.completions = 7
  },
  ['spec.backoffLimit'],
  ['spec.completions'],
)
repeats(networkPolicy, { metadata, spec: { podSelector: {} } }, ({ spec }) => Object.assign(spec, { policyTypes: ['Odd'] }), [
  'spec.policyTypes[0]',
])
repeats(role, { metadata, rules: [] }, object => Object.assign(object, { rules: [{ verbs: [] }] }), [
  'rules[0].verbs',
  'rules[0].apiGroups',
  'rules[0].resources',
])
repeats(clusterRole, { metadata, rules: [] }, object => Object.assign(object, { rules: [{ verbs: [], nonResourceURLs: ['/'] }] }), [
  'rules[0].verbs',
])
for (const binding of [roleBinding, clusterRoleBinding]) {
  repeats(
    binding,
    { metadata, roleRef },
    object => Object.assign(object, { roleRef: otherRole, subjects: [{ kind: 'Odd', name: 'a' }] }),
    ['subjects[0].kind'],
    ['roleRef'],
  )
}
repeats(
  volumeAttachment,
  { metadata, spec: attachment },
  object => {
    object.spec.nodeName = '-'
  },
  ['spec.nodeName'],
  ['spec'],
)
repeats(
  csiNode,
  { metadata, spec: { drivers } },
  object => Object.assign(object, { spec: { drivers: [{ ...drivers[0], nodeID: '' }] } }),
  ['spec.drivers[0].nodeID'],
  ['CSINodeDriver'],
)
