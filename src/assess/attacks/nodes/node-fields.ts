// Single fields of what a node writes, each beyond what it may say of itself, its pods and its events; with twins that differ in that field alone. All are
// dry runs.
import { mergePatch, type ProofRequest, strategicPatch } from '../../request.ts'
import type { NodeArena } from './node-arena.ts'
import type { NodeWrite } from './node-writes.ts'

const dryRun = 'dryRun=All'
const patch = (path: string, body: object, contentType = mergePatch): ProofRequest => ({
  method: 'PATCH',
  path: `${path}?${dryRun}`,
  body,
  contentType,
})
const post = (path: string, body: object): ProofRequest => ({ method: 'POST', path: `${path}?${dryRun}`, body })
const remove = (path: string): ProofRequest => ({ method: 'DELETE', path: `${path}?${dryRun}` })
const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: '00000000-0000-0000-0000-000000000000' }
const noUid = '00000000-0000-0000-0000-000000000000'
const ranges = { podCIDR: '192.0.2.0/24', podCIDRs: ['192.0.2.0/24'] }
const big = (kibibytes: number) => 'x'.repeat(kibibytes * 1024)

export function nodeFields(arena: NodeArena): readonly NodeWrite[] {
  return [...ownNode(arena), ...ownPod(arena), ...ownClaim(arena), ...ownEvents(arena), ...otherKinds(arena)]
}

function ownNode({ node }: NodeArena): NodeWrite[] {
  const path = `/api/v1/nodes/${node}`
  const configSource = { configMap: { namespace: 'kube-system', name: 'a', kubeletConfigKey: 'kubelet' } }
  const status = (name: string, body: object, refusedBy?: string): NodeWrite => ({
    ...{ name: `${name} of its Node through the status`, request: patch(`${path}/status`, body) },
    ...(refusedBy === undefined ? {} : { refusedBy }),
  })
  return [
    status('the range of its pods', { spec: ranges }, 'is not allowed to set spec.podCIDRs'),
    status('a reserved label', { metadata: { labels: { 'node-restriction.kubernetes.io/team': 'a' } } }, 'is not allowed to modify labels'),
    status(
      'the label of its zone',
      { metadata: { labels: { 'topology.kubernetes.io/zone': 'bulkhead-prove' } } },
      'is not allowed to modify label topology.kubernetes.io/zone',
    ),
    status('a label of its own', { metadata: { labels: { 'bulkhead-prove.invalid/a': 'b' } } }),
    status('a condition', { status: { conditions: [] } }),
    ...(['', '/status'] as const).map(
      (where): NodeWrite => ({
        name: `another configuration of its Node${where === '' ? '' : ' through the status'}`,
        request: patch(`${path}${where}`, { spec: { configSource } }),
        refusedBy: 'is not allowed to update configSource',
      }),
    ),
    ...['InternalDNS', 'ExternalDNS'].map(type =>
      status(
        `the ${type} name of another machine`,
        { status: { addresses: [{ type, address: 'bulkhead-prove' }] } },
        'is not allowed to set status.addresses',
      ),
    ),
    status('a name below its own', { status: { addresses: [{ type: 'InternalDNS', address: `${node}.bulkhead-prove.invalid` }] } }),
    status(
      'a link-local address',
      { status: { addresses: [{ type: 'InternalIP', address: 'fe80::1' }] } },
      'is not allowed to set status.addresses',
    ),
  ]
}

function ownPod({ namespace }: NodeArena): NodeWrite[] {
  const path = namespace.core('pods/mine/status')
  const status = (name: string, body: object, refusedBy?: string): NodeWrite => ({
    ...{ name: `${name} of its pod through the status`, request: patch(path, body, strategicPatch) },
    ...(refusedBy === undefined ? {} : { refusedBy }),
  })
  return [
    status('a condition', { status: { conditions: [{ type: 'bulkhead-prove.invalid/a', status: 'True' }] } }),
    status('a message of some KiB', { status: { message: big(4) } }),
    status('a message of a MiB', { status: { message: big(1024) } }, 'is not allowed to write a pod status of more than'),
    status('the address 127.0.0.1', { status: { podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] } }, 'cannot set status.podIPs'),
  ]
}

function ownClaim({ namespace }: NodeArena): NodeWrite[] {
  const path = namespace.core('persistentvolumeclaims/mine/status')
  const write = (name: string, body: object): NodeWrite => ({
    ...{ name: `the ${name} of the claim of its pod through the status`, request: patch(path, body) },
    refusedBy: 'is not allowed to update fields other than',
  })
  return [
    write('annotations', { metadata: { annotations: { a: 'b' } } }),
    write('finalizers', { metadata: { finalizers: ['bulkhead-prove.invalid/a'] } }),
    write('owner references', { metadata: { ownerReferences: [owner] } }),
    write('access modes', { status: { accessModes: ['ReadWriteMany'] } }),
    write('volume', { spec: { volumeName: 'bulkhead-prove' } }),
    { name: 'a condition of the claim of its pod', request: patch(path, { status: { conditions: [] } }) },
    {
      name: 'the claim of its pod',
      request: patch(namespace.core('persistentvolumeclaims/mine'), { metadata: { labels: { a: 'b' } } }),
      refusedBy: 'cannot patch resource "persistentvolumeclaims"',
    },
  ]
}

function ownEvents({ namespace, node, stranger, mine }: NodeArena): NodeWrite[] {
  const pod = { kind: 'Pod', apiVersion: 'v1', name: 'mine', namespace: namespace.name }
  const core = (name: string, more: object, refusedBy?: string): NodeWrite => ({
    ...{
      name,
      request: post(namespace.core('events'), { metadata: { name: 'event' }, involvedObject: pod, source: { host: node }, ...more }),
    },
    ...(refusedBy === undefined ? {} : { refusedBy }),
  })
  return [
    core('an event about its pod by its uid', { involvedObject: { ...pod, uid: mine.metadata.uid } }),
    core('an event about a pod of another uid', { involvedObject: { ...pod, uid: noUid } }, 'can only create events about itself'),
    core(
      'an event about another Node',
      { involvedObject: { kind: 'Node', apiVersion: 'v1', name: stranger } },
      'can only create events about itself',
    ),
    core('an event about a Secret', { involvedObject: { ...pod, kind: 'Secret' } }, 'can only create events about itself'),
    core('an event of nobody', { source: {} }, 'whose source.host or reportingInstance is itself'),
    core('an event of another instance', { reportingComponent: 'a', reportingInstance: 'other' }, 'with reportingInstance set to itself'),
    core('an event of some bytes', { message: 'x'.repeat(500) }),
    core(
      'an event of 100 KiB',
      { message: 'a', metadata: { name: 'event', annotations: { a: big(100) } } },
      'is not allowed to write an event of more than',
    ),
    {
      name: 'an event of events.k8s.io',
      request: post(namespace.group('events.k8s.io/v1', 'events'), {
        metadata: { name: 'event' },
        reportingInstance: node,
        regarding: pod,
      }),
      refusedBy: 'cannot create resource "events" in API group "events.k8s.io"',
    },
  ]
}

function otherKinds({ stranger }: NodeArena): NodeWrite[] {
  const storage = '/apis/storage.k8s.io/v1'
  return [
    {
      name: 'the CSINode of another node, patched',
      request: patch(`${storage}/csinodes/${stranger}`, { metadata: { labels: { a: 'b' } } }),
      refusedBy: 'can only access CSINode with the same name',
    },
    {
      name: 'the CSINode of another node, deleted',
      request: remove(`${storage}/csinodes/${stranger}`),
      refusedBy: 'can only access CSINode with the same name',
    },
    {
      name: 'an attachment of a volume',
      request: patch(`${storage}/volumeattachments/a/status`, { status: { attached: true } }),
      refusedBy: 'cannot patch resource "volumeattachments/status"',
    },
    {
      name: 'a volume',
      request: patch('/api/v1/persistentvolumes/a', { metadata: { labels: { a: 'b' } } }),
      refusedBy: 'cannot patch resource "persistentvolumes"',
    },
    {
      name: 'the approval of a certificate request',
      request: patch('/apis/certificates.k8s.io/v1/certificatesigningrequests/a/approval', { status: { conditions: [] } }),
      refusedBy: 'cannot patch resource "certificatesigningrequests/approval"',
    },
  ]
}

/** What a node says of itself when it joins; `Node` is the object as the node may create it. */
export function nodeCreations({ stranger, other }: NodeArena): readonly NodeWrite[] {
  const create = (
    name: string,
    { metadata = {}, ...more }: { metadata?: object; spec?: object; status?: object },
    refusedBy?: string,
  ): NodeWrite => ({
    name: `creates its Node with ${name}`,
    request: {
      ...post('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: stranger, ...metadata }, ...more }),
      headers: other,
    },
    ...(refusedBy === undefined ? {} : { refusedBy }),
  })
  const labels = (key: string, value: string) => ({ metadata: { labels: { [key]: value } } })
  const addresses = (address: string) => ({ status: { addresses: [{ type: 'InternalIP', address }] } })
  return [
    create('its own host name', labels('kubernetes.io/hostname', stranger)),
    create('the host name of another', labels('kubernetes.io/hostname', 'other'), 'is not allowed to set label kubernetes.io/hostname'),
    create('the system Linux', labels('kubernetes.io/os', 'linux')),
    create('the system Windows', labels('kubernetes.io/os', 'windows'), 'is not allowed to set label kubernetes.io/os'),
    create('a zone', labels('topology.kubernetes.io/zone', 'a')),
    create('a taint', { spec: { taints: [{ key: 'bulkhead-prove.invalid/a', effect: 'NoSchedule' }] } }),
    create('a range of pods', { spec: ranges }, 'is not allowed to set spec.podCIDRs'),
    create('an address', addresses('198.51.100.77')),
    create('an address of loopback', addresses('127.0.0.1'), 'is not allowed to set status.addresses'),
    create('an address of a Service', addresses('10.96.0.1'), 'is not allowed to set status.addresses'),
  ]
}
