import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AdmissionRequest } from '../admission.ts'
import { isSystemRequest } from './system-request.ts'

const node = { name: 'system:node:n1', groups: ['system:nodes'] }
const controller = { name: 'system:serviceaccount:kube-system:deployment-controller', groups: ['system:serviceaccounts:kube-system'] }
const leases = { group: 'coordination.k8s.io', plural: 'leases' }
const rows: readonly [string, AdmissionRequest['user'], string, object, boolean][] = [
  ['a node renews its lease', node, 'kube-node-lease', leases, true],
  ['a node reports itself', node, '', { group: '', plural: 'nodes' }, true],
  ['a controller works in kube-system', controller, 'kube-system', { group: '', plural: 'pods' }, true],
  ['the server writes an Event', { name: 'system:apiserver', groups: [] }, 'default', { group: '', plural: 'events' }, true],
  ['a controller works for a tenant', controller, 'team', { group: '', plural: 'pods' }, false],
  ['a node writes a namespace', node, '', { group: '', plural: 'namespaces' }, false],
  ['an administrator', { name: 'admin', groups: ['system:masters'] }, 'kube-system', { group: '', plural: 'pods' }, false],
  ['an account of a team', { name: 'x', groups: ['system:serviceaccounts:team'] }, 'kube-system', leases, false],
]
for (const [what, user, namespace, resource, expected] of rows) {
  test(`isSystemRequest() ${expected ? 'exempts' : 'does not exempt'}: ${what}`, () => {
    assert.equal(isSystemRequest({ user, namespace, resource } as AdmissionRequest), expected)
  })
}
