import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod, Service } from '../../api/types/core-v1.ts'
import type { LabelSelector } from '../../api/types/meta-v1.ts'
import { selectorsOf, type WorkloadLister } from './workloads.ts'

const template = { metadata: {}, spec: { containers: [] } }
const lister: WorkloadLister = {
  services: (namespace): Service[] => [
    { metadata: { name: 'a', namespace }, spec: { selector: { app: 'a' } } },
    { metadata: { name: 'everything', namespace }, spec: { selector: {} } },
    { metadata: { name: 'by-hand', namespace }, spec: {} },
  ],
  replicationController: (_, name) => (name === 'rc' ? { metadata: { name }, spec: { selector: { app: 'rc' } } } : undefined),
  replicaSet: (_, name) =>
    name === 'rs'
      ? { metadata: { name }, spec: { template, selector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } } }
      : undefined,
  statefulSet: (_, name) => (name === 'empty' ? { metadata: { name }, spec: { template, serviceName: '', selector: {} } } : undefined),
}
const owned = (apiVersion: string, kind: string, name: string, labels: Record<string, string> = {}): Pod => ({
  metadata: { name: 'p', namespace: 'ns', labels, ownerReferences: [{ apiVersion, kind, name, uid: 'u', controller: true }] },
  spec: { containers: [] },
})

const a: LabelSelector = { matchLabels: { app: 'a' } }
const exists: LabelSelector = { matchExpressions: [{ key: 'app', operator: 'Exists' }] }
const rows: { name: string; pod: Pod; want: LabelSelector[] }[] = [
  { name: 'a pod alone', pod: { metadata: { name: 'p', namespace: 'ns' }, spec: { containers: [] } }, want: [] },
  { name: 'a service', pod: { metadata: { name: 'p', namespace: 'ns', labels: { app: 'a' } }, spec: { containers: [] } }, want: [a] },
  { name: 'a ReplicaSet and a service', pod: owned('apps/v1', 'ReplicaSet', 'rs', { app: 'a' }), want: [a, exists] },
  { name: 'a ReplicationController', pod: owned('v1', 'ReplicationController', 'rc'), want: [{ matchLabels: { app: 'rc' } }] },
  { name: 'a StatefulSet whose selector is empty', pod: owned('apps/v1', 'StatefulSet', 'empty'), want: [] },
  { name: 'a ReplicaSet that is gone', pod: owned('apps/v1', 'ReplicaSet', 'gone'), want: [] },
  { name: 'a Job', pod: owned('batch/v1', 'Job', 'rs'), want: [] },
  { name: 'a ReplicaSet of another group', pod: owned('example.com/v1', 'ReplicaSet', 'rs'), want: [] },
]
for (const { name, pod, want } of rows) {
  test(`selectorsOf() a pod of ${name}`, () => assert.deepEqual(selectorsOf(pod, lister), want))
}
