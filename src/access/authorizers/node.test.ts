import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import type { Attributes } from '../access.ts'
import { createNodeAuthorizer } from './node.ts'
import { createNodeGraph, type GraphKind } from './node-graph.ts'

type Change = { readonly resource: GraphKind; readonly object: KubeObject; readonly deleted: boolean }

const pod = (name: string, nodeName: string): KubeObject => ({
  metadata: { name, namespace: 'default' },
  ...{
    spec: {
      nodeName,
      serviceAccountName: 'web',
      imagePullSecrets: [{ name: 'pull' }],
      initContainers: [{ envFrom: [{ configMapRef: { name: 'init-env' } }] }],
      containers: [{ env: [{ valueFrom: { secretKeyRef: { name: 'password' } } }] }],
      volumes: [
        { name: 'cert', secret: { secretName: 'tls' } },
        { name: 'all', projected: { sources: [{ configMap: { name: 'projected' } }] } },
        { name: 'data', persistentVolumeClaim: { claimName: 'disk' } },
        { name: 'scratch', ephemeral: {} },
      ],
    },
  },
})
const volume: KubeObject = {
  metadata: { name: 'pv1' },
  ...{ spec: { claimRef: { namespace: 'default', name: 'disk' }, csi: { nodePublishSecretRef: { name: 'csi', namespace: 'storage' } } } },
}

function setUp() {
  const listeners: ((change: Change) => void)[] = []
  const graph = createNodeGraph({
    each: () => [
      { resource: 'pods', object: pod('web', 'n1') },
      { resource: 'persistentvolumes', object: volume },
      { resource: 'volumeattachments', object: { metadata: { name: 'va' }, ...{ spec: { nodeName: 'n1' } } } },
    ],
    onChange: listener => void listeners.push(listener),
  })
  const node = createNodeAuthorizer(graph)
  const ask = (verb: string, resource: string, rest: Partial<Attributes> = {}) =>
    node.authorize({
      user: { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] },
      verb,
      isResource: true,
      group: '',
      version: 'v1',
      resource,
      subresource: '',
      namespace: 'default',
      name: '',
      path: '',
      ...rest,
    })
  return { ask, emit: (change: Change) => listeners.forEach(listener => void listener(change)) }
}

const cases: { name: string; verb: string; resource: string; rest: Partial<Attributes>; allowed: boolean }[] = [
  { name: 'a secret from env', verb: 'get', resource: 'secrets', rest: { name: 'password' }, allowed: true },
  { name: 'a watched secret volume', verb: 'watch', resource: 'secrets', rest: { name: 'tls' }, allowed: true },
  { name: 'a pull secret', verb: 'get', resource: 'secrets', rest: { name: 'pull' }, allowed: true },
  { name: 'a volume driver secret', verb: 'get', resource: 'secrets', rest: { namespace: 'storage', name: 'csi' }, allowed: true },
  { name: 'another secret', verb: 'get', resource: 'secrets', rest: { name: 'other' }, allowed: false },
  {
    name: 'the same name in another namespace',
    verb: 'get',
    resource: 'secrets',
    rest: { namespace: 'kube-system', name: 'tls' },
    allowed: false,
  },
  { name: 'a list of all secrets', verb: 'list', resource: 'secrets', rest: {}, allowed: false },
  { name: 'writing a secret', verb: 'update', resource: 'secrets', rest: { name: 'tls' }, allowed: false },
  {
    name: 'a secret of another node',
    verb: 'get',
    resource: 'secrets',
    rest: { name: 'tls', user: { name: 'system:node:n2', groups: ['system:nodes'] } },
    allowed: false,
  },
  {
    name: 'a node name without the group',
    verb: 'get',
    resource: 'secrets',
    rest: { name: 'tls', user: { name: 'system:node:n1', groups: [] } },
    allowed: false,
  },
  { name: 'a config map of an init container', verb: 'get', resource: 'configmaps', rest: { name: 'init-env' }, allowed: true },
  { name: 'a projected config map', verb: 'get', resource: 'configmaps', rest: { name: 'projected' }, allowed: true },
  { name: 'the claim', verb: 'get', resource: 'persistentvolumeclaims', rest: { name: 'disk' }, allowed: true },
  { name: 'the ephemeral claim', verb: 'get', resource: 'persistentvolumeclaims', rest: { name: 'web-scratch' }, allowed: true },
  { name: 'a list of claims', verb: 'list', resource: 'persistentvolumeclaims', rest: {}, allowed: false },
  { name: 'the volume', verb: 'get', resource: 'persistentvolumes', rest: { namespace: '', name: 'pv1' }, allowed: true },
  { name: 'another volume', verb: 'get', resource: 'persistentvolumes', rest: { namespace: '', name: 'pv2' }, allowed: false },
  {
    name: 'its attachment',
    verb: 'get',
    resource: 'volumeattachments',
    rest: { group: 'storage.k8s.io', namespace: '', name: 'va' },
    allowed: true,
  },
  {
    name: 'a token of the pod account',
    verb: 'create',
    resource: 'serviceaccounts',
    rest: { subresource: 'token', name: 'web' },
    allowed: true,
  },
  {
    name: 'a token of another account',
    verb: 'create',
    resource: 'serviceaccounts',
    rest: { subresource: 'token', name: 'admin' },
    allowed: false,
  },
  {
    name: 'its lease',
    verb: 'update',
    resource: 'leases',
    rest: { group: 'coordination.k8s.io', namespace: 'kube-node-lease', name: 'n1' },
    allowed: true,
  },
  {
    name: 'another lease',
    verb: 'update',
    resource: 'leases',
    rest: { group: 'coordination.k8s.io', namespace: 'kube-node-lease', name: 'n2' },
    allowed: false,
  },
  {
    name: 'a lease elsewhere',
    verb: 'create',
    resource: 'leases',
    rest: { group: 'coordination.k8s.io', namespace: 'kube-system' },
    allowed: false,
  },
  { name: 'its CSINode', verb: 'get', resource: 'csinodes', rest: { group: 'storage.k8s.io', namespace: '', name: 'n1' }, allowed: true },
  { name: 'its node', verb: 'get', resource: 'nodes', rest: { namespace: '', name: 'n1' }, allowed: true },
  { name: 'another node', verb: 'get', resource: 'nodes', rest: { namespace: '', name: 'n2' }, allowed: false },
  {
    name: 'a list of its node',
    verb: 'list',
    resource: 'nodes',
    rest: { namespace: '', name: 'n1', fieldSelector: 'metadata.name=n1' },
    allowed: true,
  },
  { name: 'a volume within a namespace', verb: 'get', resource: 'persistentvolumes', rest: { name: 'pv1' }, allowed: false },
  {
    name: 'an attachment within a namespace',
    verb: 'get',
    resource: 'volumeattachments',
    rest: { group: 'storage.k8s.io', name: 'va' },
    allowed: false,
  },
  { name: 'a list of all nodes', verb: 'list', resource: 'nodes', rest: { namespace: '' }, allowed: false },
  { name: 'its node status', verb: 'patch', resource: 'nodes', rest: { namespace: '', name: 'n1', subresource: 'status' }, allowed: true },
  { name: 'its pods', verb: 'watch', resource: 'pods', rest: { namespace: '', fieldSelector: 'spec.nodeName=n1' }, allowed: true },
  {
    name: 'pods of another node',
    verb: 'watch',
    resource: 'pods',
    rest: { namespace: '', fieldSelector: 'spec.nodeName=n2' },
    allowed: false,
  },
  {
    name: 'pods not of its node',
    verb: 'list',
    resource: 'pods',
    rest: { namespace: '', fieldSelector: 'spec.nodeName!=n1' },
    allowed: false,
  },
  { name: 'all pods', verb: 'list', resource: 'pods', rest: { namespace: '' }, allowed: false },
  { name: 'its pod', verb: 'get', resource: 'pods', rest: { name: 'web' }, allowed: true },
  { name: 'exec in its pod', verb: 'create', resource: 'pods', rest: { name: 'web', subresource: 'exec' }, allowed: false },
  { name: 'services', verb: 'watch', resource: 'services', rest: { namespace: '' }, allowed: true },
  { name: 'deployments', verb: 'list', resource: 'deployments', rest: { group: 'apps' }, allowed: false },
]

for (const { name, verb, resource, rest, allowed } of cases) {
  test(`createNodeAuthorizer() ${allowed ? 'allows' : 'does not allow'} ${name}`, () => {
    assert.equal(setUp().ask(verb, resource, rest).decision, allowed ? 'allow' : 'no-opinion')
  })
}

test('createNodeAuthorizer() drops the objects of a deleted or moved pod, and counts pods that share an object', () => {
  const { ask, emit } = setUp()
  const decision = () => ask('get', 'secrets', { name: 'tls' }).decision
  emit({ resource: 'pods', object: pod('second', 'n1'), deleted: false })
  emit({ resource: 'pods', object: pod('web', 'n1'), deleted: true })
  assert.equal(decision(), 'allow')
  emit({ resource: 'pods', object: pod('second', 'n2'), deleted: false })
  assert.equal(decision(), 'no-opinion')
  assert.match(ask('get', 'secrets', { name: 'tls' }).reason, /^no relationship found between node 'n1' and this object$/)
  assert.equal(ask('get', 'persistentvolumes', { namespace: '', name: 'pv1' }).decision, 'no-opinion')
})

const aNode = { name: 'system:node:n1', groups: ['system:nodes'] }
const claimStatus = { subresource: 'status', name: 'disk' }
const slice = { group: 'resource.k8s.io', namespace: '' }
const reasons: readonly (readonly [what: string, verb: string, resource: string, rest: Partial<Attributes>, reason: string])[] = [
  ['all nodes', 'list', 'nodes', { namespace: '' }, "node 'n1' cannot read all nodes, only its own Node object"],
  ['another node', 'get', 'nodes', { namespace: '', name: 'n2' }, "node 'n1' cannot read 'n2', only its own Node object"],
  ['the status of a claim', 'get', 'persistentvolumeclaims', claimStatus, 'can only get/update/patch this type'],
  ['a list of accounts', 'list', 'serviceaccounts', {}, 'can only create tokens for individual service accounts'],
  ['an account', 'create', 'serviceaccounts', { name: 'web' }, 'can only create token subresource of serviceaccount'],
  ['a slice', 'get', 'resourceslices', { ...slice, name: 's' }, "no relationship found between node 'n1' and this object"],
  ['no slice', 'delete', 'resourceslices', slice, 'No Object name found'],
  ['no node', 'get', 'secrets', { user: { ...aNode, name: 'system:node:' } }, 'unknown node for user "system:node:"'],
  ['nodes without their name', 'get', 'secrets', { user: { ...aNode, name: 'ann' } }, ''],
]
for (const [what, verb, resource, rest, reason] of reasons) {
  test(`createNodeAuthorizer() reports the reason: ${what}`, () => {
    assert.deepEqual(setUp().ask(verb, resource, rest), { decision: 'no-opinion', reason })
  })
}
