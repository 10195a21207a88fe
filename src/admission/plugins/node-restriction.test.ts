import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isReason } from '../../api/status.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { UserInfo } from '../../api/user.ts'
import { admitted } from '../admission.ts'
import { createAdmission } from '../chain.ts'
import { admit, cluster, goodSpec, type Input, pluginsOf, pod, readerOf, refusal } from '../plugins.fixture.ts'

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
  const reader: StoreReader = { get: (r, ns, n) => cluster.get(r, ns, n) ?? existing.get(r, ns, n), list: cluster.list }
  const admission = createAdmission(pluginsOf('upstream', reader))
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

const mirrorOwner = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'u9', controller: true }
const mirror = (metadata: object, spec: object = {}) =>
  pod({ nodeName: 'n1', ...spec }, { annotations: { 'kubernetes.io/config.mirror': 'x' }, ownerReferences: [mirrorOwner], ...metadata })
const token = (boundObjectRef?: object): Input => ({
  kind: 'serviceaccounts',
  subresource: 'token',
  name: 'worker',
  object: { metadata: {}, spec: boundObjectRef === undefined ? {} : { boundObjectRef } },
})
const certificate = (commonName: string, signer = 'kubernetes.io/kubelet-serving'): Input => ({
  kind: 'csrs',
  object: { metadata: { name: 'c' }, spec: { signerName: signer, request: Buffer.from(commonName).toString('base64') } },
})
const labelled = (labels: object): object => ({ metadata: { name: 'n1', labels }, spec: {} })
const bound = { kind: 'Pod', apiVersion: 'v1', name: 'mine', uid: 'u1' }

const wordings: readonly (readonly [what: string, input: Input, why: string | undefined])[] = [
  [
    'a pod without owner',
    { kind: 'pods', object: mirror({ ownerReferences: [] }) },
    'can only create pods with an owner reference set to itself',
  ],
  [
    'a pod with two owners',
    { kind: 'pods', object: mirror({ ownerReferences: [mirrorOwner, mirrorOwner] }) },
    'can only create pods with a single owner reference set to itself',
  ],
  [
    'a pod of another owner',
    { kind: 'pods', object: mirror({ ownerReferences: [{ ...mirrorOwner, name: 'n2' }] }) },
    'can only create pods with an owner reference set to itself',
  ],
  [
    'a pod that its node does not control',
    { kind: 'pods', object: mirror({ ownerReferences: [{ ...mirrorOwner, controller: false }] }) },
    'can only create pods with a controller owner reference set to itself',
  ],
  [
    'a pod that holds up its owner',
    { kind: 'pods', object: mirror({ ownerReferences: [{ ...mirrorOwner, blockOwnerDeletion: true }] }) },
    'must not set blockOwnerDeletion on an owner reference',
  ],
  [
    'a pod of a former node of the name',
    { kind: 'pods', object: mirror({ ownerReferences: [{ ...mirrorOwner, uid: 'u8' }] }) },
    'node n1 UID mismatch: expected u8 got u9',
  ],
  ['a pod with an account', { kind: 'pods', object: mirror({}, { serviceAccountName: 'worker' }) }, 'reference a service account'],
  ['a mirror pod', { kind: 'pods', object: mirror({}) }, undefined],
  ['a token without a pod', token(), 'node requested token not bound to a pod'],
  ['a token of something else', token({ ...bound, kind: 'Secret' }), 'node requested token not bound to a pod'],
  ['a token of any pod of the name', token({ ...bound, uid: undefined }), 'node requested token with a pod binding without a uid'],
  ['a token of a pod that is gone', token({ ...bound, name: 'gone' }), 'pod "gone" not found'],
  [
    'an eviction of a pod that is gone',
    { kind: 'pods', subresource: 'eviction', name: 'gone', object: { metadata: {} } },
    'pod "gone" not found',
  ],
  ['a token of a former pod of the name', token({ ...bound, uid: 'u0' }), 'the UID in the bound object reference (u0) does not match'],
  ['a certificate of another node', certificate('system:node:n2'), 'can only create a node CSR with CN=system:node:n1'],
  ['a certificate of two', certificate('two'), 'unable to parse csr: The subject has several common names'],
  ['its own certificate', certificate('system:node:n1'), undefined],
  ['a certificate of another signer', certificate('somebody', 'example.com/signer'), undefined],
  [
    'labels of the system on a new node',
    { kind: 'nodes', object: labelled({ 'k8s.io/b': '', 'kubernetes.io/a': '' }) },
    'node "n1" is not allowed to set the following labels: k8s.io/b, kubernetes.io/a',
  ],
  [
    'labels of the system on its node',
    { kind: 'nodes', operation: 'UPDATE', object: labelled({ 'kubernetes.io/a': '' }), oldObject: labelled({}) },
    'nodes "n1" is forbidden: is not allowed to modify labels: kubernetes.io/a',
  ],
  [
    'a configuration of its choice',
    { kind: 'nodes', object: { metadata: { name: 'n1' }, spec: { configSource: {} } } },
    'node "n1" is not allowed to create pods with a non-nil configSource',
  ],
  [
    'another configuration',
    { kind: 'nodes', operation: 'UPDATE', object: { metadata: { name: 'n1' }, spec: { configSource: { a: 1 } } }, oldObject: labelled({}) },
    'node "n1" is not allowed to update configSource to a new non-nil configSource',
  ],
]
for (const [what, input, why] of wordings) {
  test(`NodeRestriction validates ${what}`, async () => {
    const own = readerOf({ 'nodes//n1': { metadata: { name: 'n1', uid: 'u9' } } })
    const reader: StoreReader = { get: (r, ns, n) => own.get(r, ns, n) ?? cluster.get(r, ns, n), list: cluster.list }
    const plugins = pluginsOf('upstream', reader)
    const admission = createAdmission(plugins.filter(({ name }) => name === 'NodeRestriction'))
    const request = { ...input, user: node }
    if (why === undefined) await admit(request, admission)
    else assert.ok((await refusal(request, admission)).message.includes(why))
  })
}

const podStatus = (before: object, after: object): Input => {
  const [oldObject, object] = [pod({ nodeName: 'n1' }, { labels: before }), pod({ nodeName: 'n1' }, { labels: after })]
  return { kind: 'pods', operation: 'UPDATE', subresource: 'status', object, oldObject }
}
const claims = (name: string): object => ({ ...pod({ nodeName: 'n1' }), ...{ status: { resourceClaimStatuses: [{ name }] } } })
const owned = (owner: object): object => ({ metadata: { name: 'n1', ownerReferences: [owner] }, spec: {} })
const updates: readonly (readonly [what: string, input: Input, why: string | undefined])[] = [
  ['labels in another order', podStatus({ a: '1', b: '2' }, { b: '2', a: '1' }), undefined],
  ['another label', podStatus({ a: '1' }, { a: '2' }), 'node "n1" cannot update labels through pod status'],
  [
    'another claim',
    { kind: 'pods', operation: 'UPDATE', subresource: 'status', object: claims('b'), oldObject: claims('a') },
    'node "n1" cannot update resource claim statues',
  ],
  [
    'an owner with its members in another order',
    { kind: 'nodes', operation: 'UPDATE', object: owned({ kind: 'A', name: 'a' }), oldObject: owned({ name: 'a', kind: 'A' }) },
    undefined,
  ],
]
for (const [what, input, why] of updates) {
  test(`NodeRestriction validates an update: ${what}`, async () => {
    const plugins = pluginsOf('upstream')
    const admission = createAdmission(plugins.filter(({ name }) => name === 'NodeRestriction'))
    if (why === undefined) await admit({ ...input, user: node }, admission)
    else assert.ok((await refusal({ ...input, user: node }, admission)).message.endsWith(why))
  })
}

test('NodeRestriction refuses an update before fields that its path does not write are restored', async () => {
  const plugins = pluginsOf('upstream')
  const restriction = plugins.find(({ name }) => name === 'NodeRestriction')
  assert.ok(restriction)
  const admission = createAdmission([{ ...restriction, validate: async () => admitted }])
  const [before, after] = [pod({ nodeName: 'n1' }), pod({ nodeName: 'n1' }, { labels: { a: 'b' } })]
  const status: Input = { kind: 'pods', operation: 'UPDATE', subresource: 'status', object: after, oldObject: before, user: node }
  assert.match((await refusal(status, admission)).message, /node "n1" cannot update labels through pod status$/)
})
