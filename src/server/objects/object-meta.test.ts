import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resources } from '../../api/resources/index.ts'
import { validateObjectMetaUpdate } from '../../api/validation/object-meta.ts'
import { updateRules } from './object-meta.ts'

const old = { name: 'a', uid: 'u', resourceVersion: '5' }
const change = { labels: { a: '!' }, finalizers: ['a'], deletionGracePeriodSeconds: 5 }

/** The fields of all errors, one letter each for grace, label and finalizer. Every kind begins with those of every object. */
function faults(kind: string, path = ''): string {
  const definition = resources.find(each => each.kind === kind)
  assert.ok(definition)
  const strategy = path === '' ? definition : definition.subresources.find(({ name }) => name === path)
  assert.ok(strategy)
  const meta = { ...old, ...change, ...(definition.namespaced ? { namespace: 'n' } : {}) }
  const before = { ...old, ...(definition.namespaced ? { namespace: 'n' } : {}) }
  const fields = validateObjectMetaUpdate(meta, before, 'metadata', updateRules(definition, strategy)).map(({ field }) => field)
  const letters = fields.map(field => field.slice('metadata.'.length).slice(0, 1))
  assert.deepEqual(letters.slice(0, 3), ['l', 'd', 'l'])
  return letters.slice(3).join('')
}

const rows = [
  ['Deployment', '', 'dlf'],
  ['StatefulSet', '', 'dlf'],
  ['StatefulSet', 'status', 'dlf'],
  ['ConfigMap', '', 'dlflf'],
  ['Pod', '', 'dlflf'],
  ['Service', '', 'dlflf'],
  ['APIService', '', 'dll'],
  ['Namespace', '', 'lfdlf'],
  ['Node', '', 'lfdlf'],
  ['ReplicationController', '', 'lfdlf'],
  ['DaemonSet', '', 'lfdlf'],
  ['ReplicaSet', '', 'lfdlf'],
  ['Job', '', 'lfdlf'],
  ['NetworkPolicy', '', 'lfdlf'],
  ['StorageClass', '', 'lfdlf'],
  ['RuntimeClass', '', 'ldl'],
  ['CertificateSigningRequest', '', 'lfdlf'],
  ['CertificateSigningRequest', 'status', 'lfdlf'],
  ['CertificateSigningRequest', 'approval', 'lfdlf'],
  ['PersistentVolume', '', 'lflf'],
  ['CSINode', '', 'lflf'],
  ['VolumeAttachment', '', 'lflf'],
  ['VolumeAttachment', 'status', 'lflf'],
  ['PersistentVolumeClaim', '', 'lfdlflf'],
  ['Role', '', 'lflfdlf'],
  ['ClusterRole', '', 'lflfdlf'],
  ['RoleBinding', '', 'lflfdlf'],
  ['ClusterRoleBinding', '', 'lflfdlf'],
  ['PodDisruptionBudget', '', ''],
] as const

for (const [kind, path, expected] of rows) {
  test(`updateRules() has the metadata of a ${kind} validated in the order of its kind${path === '' ? '' : ` on /${path}`}`, () => {
    assert.equal(faults(kind, path), expected)
  })
}
