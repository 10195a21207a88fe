import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isReason } from '../../api/status.ts'
import type { UserInfo } from '../../api/user.ts'
import type { ClusterReader } from '../admission.ts'
import { createAdmission } from '../chain.ts'
import { admit, cluster, goodSpec, type Input, options, pod, readerOf, refusal } from '../plugins.fixture.ts'
import { admissionPlugins } from './index.ts'

const node: UserInfo = { name: 'system:node:n1', groups: ['system:nodes'] }

test('NodeRestriction keeps a node to its own objects', async () => {
  const own = { metadata: { name: 'n1', labels: {} }, spec: {} }
  const rows: readonly (readonly [string, Input])[] = [
    ['another node', { kind: 'nodes', object: { metadata: { name: 'n2' }, spec: {} } }],
    [
      'a reserved label',
      { kind: 'nodes', object: { metadata: { name: 'n1', labels: { 'node-restriction.kubernetes.io/pool': 'a' } }, spec: {} } },
    ],
    [
      'its taints',
      {
        kind: 'nodes',
        operation: 'UPDATE',
        name: 'n1',
        object: { ...own, spec: { taints: [] } },
        oldObject: { ...own, spec: { taints: [{ key: 'a' }] } },
      },
    ],
    [
      'its owner references',
      {
        kind: 'nodes',
        operation: 'UPDATE',
        name: 'n1',
        object: { metadata: { name: 'n1', ownerReferences: [{ uid: 'x' }] }, spec: {} },
        oldObject: own,
      },
    ],
    ['a pod of another node', { kind: 'pods', operation: 'DELETE', name: 'other', oldObject: pod({ nodeName: 'n2' }) }],
    [
      'status of a pod of another node',
      { kind: 'pods', operation: 'UPDATE', subresource: 'status', object: pod({ nodeName: 'n2' }), oldObject: pod({ nodeName: 'n2' }) },
    ],
    ['a pod that is no mirror', { kind: 'pods', object: pod({ ...goodSpec(), nodeName: 'n1' }) }],
    ['a lease of another node', { kind: 'leases', namespace: 'kube-node-lease', name: 'n2', object: { metadata: { name: 'n2' } } }],
    ['an unbound token', { kind: 'serviceaccounts', subresource: 'token', name: 'worker', object: { metadata: {}, spec: {} } }],
    [
      'a token of a pod elsewhere',
      {
        kind: 'serviceaccounts',
        subresource: 'token',
        name: 'worker',
        object: { metadata: {}, spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'other', uid: 'u2' } } },
      },
    ],
    [
      'a token of another account',
      {
        kind: 'serviceaccounts',
        subresource: 'token',
        name: 'default',
        object: { metadata: {}, spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'mine', uid: 'u1' } } },
      },
    ],
  ]
  const existing = readerOf({ 'namespaces//kube-node-lease': { metadata: {} }, 'namespaces//team': { metadata: {} } })
  const reader: ClusterReader = { get: (r, ns, n) => cluster.get(r, ns, n) ?? existing.get(r, ns, n), list: cluster.list }
  const admission = createAdmission(admissionPlugins({ ...options, reader, profile: 'upstream' }))
  for (const [what, input] of rows) assert.ok(isReason(await refusal({ ...input, user: node }, admission), 'Forbidden'), what)
  await admit(
    {
      kind: 'serviceaccounts',
      subresource: 'token',
      name: 'worker',
      user: node,
      object: { metadata: {}, spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'mine', uid: 'u1' } } },
    },
    admission,
  )
  await admit(
    { kind: 'nodes', object: { metadata: { name: 'n1', labels: { 'kubernetes.io/hostname': 'n1' } }, spec: {} }, user: node },
    admission,
  )
  await admit({ kind: 'leases', namespace: 'kube-node-lease', name: 'n1', object: { metadata: { name: 'n1' } }, user: node }, admission)
})
