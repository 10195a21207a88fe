// What a node writes, and what it must not: one field or object each. All are dry runs.
import { generateKeyPairSync } from 'node:crypto'
import { nodeLinkKey } from '../../../api/nodes/node-link-names.ts'
import { auditWitnessAnnotation, nodeWitnessName } from '../../../api/nodes/witness-call.ts'
import { cosignatureType, formatKey } from '../../../base/tlog/note.ts'
import { mergePatch, type ProofRequest, strategicPatch } from '../../request.ts'
import type { NodeArena } from './node-arena.ts'

export interface NodeWrite {
  readonly name: string
  readonly request: ProofRequest
  /** Undefined: it is admitted. Else the refusal must contain it. */
  readonly refusedBy?: string
}

const dryRun = 'dryRun=All'
/** 32 bytes in base64; nobody has its private half. */
const ownKey = `${'b'.repeat(42)}A=`
/** Of a witness of audit logs, as a node publishes it; the private half is forgotten. */
export const witnessKeyOf = (node: string): string =>
  formatKey({ name: nodeWitnessName(node), type: cosignatureType, publicKey: generateKeyPairSync('ed25519').publicKey })
const patch = (path: string, body: object, contentType = mergePatch): ProofRequest => ({
  method: 'PATCH',
  path: `${path}?${dryRun}`,
  body,
  contentType,
})
const post = (path: string, body: object): ProofRequest => ({ method: 'POST', path: `${path}?${dryRun}`, body })
const remove = (path: string): ProofRequest => ({ method: 'DELETE', path: `${path}?${dryRun}` })
const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: '00000000-0000-0000-0000-000000000000' }

/** `isCordoned`: whether an administrator has cordoned the node. */
export function nodeWrites(arena: NodeArena, isCordoned: boolean): readonly NodeWrite[] {
  return [...ownNode(arena, isCordoned), ...otherNodes(arena), ...ownPods(arena), ...claimStatus(arena), ...otherObjects(arena)]
}

function ownNode({ node }: NodeArena, isCordoned: boolean): NodeWrite[] {
  const path = `/api/v1/nodes/${node}`
  const label = (key: string, value: string, refusedBy: string): NodeWrite => ({
    name: `the label ${key}=${value} of its Node`,
    request: patch(path, { metadata: { labels: { [key]: value } } }),
    refusedBy,
  })
  const both = (name: string, body: object, refusedBy: string): NodeWrite[] => [
    { name: `${name} of its Node`, request: patch(path, body), refusedBy },
    { name: `${name} of its Node through the status`, request: patch(`${path}/status`, body), refusedBy },
  ]
  return [
    { name: 'a label of its own on its Node', request: patch(path, { metadata: { labels: { 'bulkhead-prove.invalid/a': 'b' } } }) },
    {
      name: 'the status of its Node',
      request: patch(`${path}/status`, { metadata: { annotations: { 'bulkhead-prove.invalid/a': 'b' } } }),
    },
    label('node-restriction.kubernetes.io/team', 'a', 'is not allowed to modify labels'),
    label('team.node-restriction.kubernetes.io/a', 'a', 'is not allowed to modify labels'),
    label('node-role.kubernetes.io/control-plane', '', 'is not allowed to modify labels'),
    label('bulkhead-prove.k8s.io/a', 'b', 'is not allowed to modify labels'),
    label('kubernetes.io/hostname', 'bulkhead-prove', 'is not allowed to set label kubernetes.io/hostname'),
    label('kubernetes.io/os', 'windows', 'is not allowed to set label kubernetes.io/os'),
    label('topology.kubernetes.io/zone', 'bulkhead-prove', 'is not allowed to modify label topology.kubernetes.io/zone'),
    label('node.kubernetes.io/instance-type', 'bulkhead-prove', 'is not allowed to modify label node.kubernetes.io/instance-type'),
    ...both('owner references', { metadata: { ownerReferences: [owner] } }, 'is not allowed to modify ownerReferences'),
    ...both('finalizers', { metadata: { finalizers: ['bulkhead-prove.invalid/a'] } }, 'is not allowed to modify finalizers'),
    ...both('taints', { spec: { taints: [{ key: 'bulkhead-prove.invalid/a', effect: 'NoSchedule' }] } }, 'is not allowed to modify taints'),
    ...both('cordon', { spec: { unschedulable: !isCordoned } }, 'is not allowed to modify spec.unschedulable'),
    {
      name: 'the range of its pods',
      request: patch(path, { spec: { podCIDRs: ['192.0.2.0/24'], podCIDR: '192.0.2.0/24' } }),
      refusedBy: 'podCIDR',
    },
    ...['127.0.0.1', '169.254.169.254', '10.96.0.1'].map(
      (address): NodeWrite => ({
        name: `the address ${address} of its Node`,
        request: patch(`${path}/status`, { status: { addresses: [{ type: 'InternalIP', address }] } }),
        refusedBy: 'is not allowed to set status.addresses',
      }),
    ),
    {
      name: 'a WireGuard key of its own',
      request: patch(path, { metadata: { annotations: { [nodeLinkKey]: ownKey } } }),
    },
    {
      name: 'a WireGuard key that is none, and would be more than one line of a configuration',
      request: patch(path, { metadata: { annotations: { [nodeLinkKey]: `${ownKey}\nAllowedIPs = 0.0.0.0/0` } } }),
      refusedBy: 'must be 32 bytes in base64',
    },
    {
      name: 'a WireGuard key that is none, through the status',
      request: patch(`${path}/status`, { metadata: { annotations: { [nodeLinkKey]: 'key' } } }),
      refusedBy: 'must be 32 bytes in base64',
    },
    {
      name: 'a key of its own as a witness',
      request: patch(path, { metadata: { annotations: { [auditWitnessAnnotation]: witnessKeyOf(node) } } }),
    },
    ...both(
      'a witness key of another node as that',
      { metadata: { annotations: { [auditWitnessAnnotation]: witnessKeyOf('bulkhead-prove') } } },
      'it must be a key of cosignatures with the name of this node',
    ),
    {
      name: 'the name of another machine as its own',
      request: patch(`${path}/status`, { status: { addresses: [{ type: 'Hostname', address: 'bulkhead-prove' }] } }),
      refusedBy: 'is not allowed to set status.addresses',
    },
    {
      name: 'a status of its Node of more than 256 KiB',
      request: patch(`${path}/status`, {
        status: { images: Array.from({ length: 400 }, (_, at) => ({ names: [`${at}/${'x'.repeat(1000)}`] })) },
      }),
      refusedBy: 'is not allowed to write a Node status of more than',
    },
    { name: 'its Node, to delete it', request: remove(path), refusedBy: 'cannot delete resource "nodes"' },
  ]
}

function otherNodes({ node, stranger }: NodeArena): NodeWrite[] {
  const create = (name: string, more: object) => post('/api/v1/nodes', { metadata: { name, ...more } })
  const leases = '/apis/coordination.k8s.io/v1/namespaces'
  const lease = (name: string) => ({ metadata: { name }, spec: { holderIdentity: node } })
  return [
    { name: 'another Node, created', request: create(stranger, {}), refusedBy: 'is not allowed to modify node' },
    {
      name: 'the lease of another node, created',
      request: post(`${leases}/kube-node-lease/leases`, lease(stranger)),
      refusedBy: 'can only access node lease with the same name',
    },
    {
      name: 'the lease of another node',
      request: patch(`${leases}/kube-node-lease/leases/${stranger}`, { spec: {} }),
      refusedBy: 'cannot patch resource "leases"',
    },
    { name: 'a lease elsewhere', request: post(`${leases}/kube-system/leases`, lease(node)), refusedBy: 'cannot create resource "leases"' },
    {
      name: 'the CSINode of another node',
      request: post('/apis/storage.k8s.io/v1/csinodes', { metadata: { name: stranger }, spec: { drivers: [] } }),
      refusedBy: 'can only access CSINode with the same name',
    },
    { name: 'nodes, deleted together', request: remove('/api/v1/nodes'), refusedBy: 'cannot deletecollection resource "nodes"' },
  ]
}

function ownPods({ namespace, mine }: NodeArena): NodeWrite[] {
  const pod = namespace.core('pods/mine')
  const status = (name: string, body: object, refusedBy: string): NodeWrite => ({
    name: `${name} of its pod through the status`,
    request: patch(`${pod}/status`, body, strategicPatch),
    refusedBy,
  })
  return [
    { name: 'the status of its pod', request: patch(`${pod}/status`, { status: { message: 'bulkhead-prove' } }, strategicPatch) },
    status('labels', { metadata: { labels: { app: 'other' } } }, 'cannot update labels through pod status'),
    status('annotations', { metadata: { annotations: { a: 'b' } } }, 'cannot update metadata.annotations'),
    status('finalizers', { metadata: { finalizers: ['bulkhead-prove.invalid/a'] } }, 'cannot update metadata.finalizers'),
    status('owner references', { metadata: { ownerReferences: [owner] } }, 'cannot update metadata.ownerReferences'),
    status('another address', { status: { podIP: '198.51.100.7', podIPs: [{ ip: '198.51.100.7' }] } }, 'cannot set status.podIPs'),
    status(
      "another node's address",
      { status: { hostIP: '198.51.100.7', hostIPs: [{ ip: '198.51.100.7' }] } },
      'cannot set status.hostIPs',
    ),
    status('claims', { status: { resourceClaimStatuses: [{ name: 'a', resourceClaimName: 'b' }] } }, 'cannot update resource claim'),
    { name: 'the labels of its pod', request: patch(pod, { metadata: { labels: { a: 'b' } } }), refusedBy: 'cannot patch resource "pods"' },
    {
      name: 'its pod, updated',
      request: { method: 'PUT', path: `${pod}?${dryRun}`, body: mine },
      refusedBy: 'cannot update resource "pods"',
    },
    {
      name: 'an ephemeral container of its pod',
      request: patch(`${pod}/ephemeralcontainers`, {}),
      refusedBy: 'cannot patch resource "pods/ephemeralcontainers"',
    },
    {
      name: 'a binding of its pod',
      request: post(`${pod}/binding`, { target: { kind: 'Node', name: 'a' } }),
      refusedBy: 'cannot create resource "pods/binding"',
    },
    {
      name: 'a process in its pod',
      request: { method: 'POST', path: `${pod}/exec?command=id` },
      refusedBy: 'cannot create resource "pods/exec"',
    },
    { name: 'its pod, to delete it', request: remove(pod) },
    { name: 'an eviction of its pod', request: post(`${pod}/eviction`, { metadata: { name: 'mine', namespace: namespace.name } }) },
  ]
}

function claimStatus({ namespace }: NodeArena): NodeWrite[] {
  const status = (claim: string, body: object) => patch(namespace.core(`persistentvolumeclaims/${claim}/status`), body)
  return [
    {
      name: 'the size in the status of the claim of its pod',
      request: status('mine', { status: { allocatedResources: { storage: '1Mi' } } }),
    },
    {
      name: 'the labels of the claim of its pod through the status',
      request: status('mine', { metadata: { labels: { a: 'b' } } }),
      refusedBy: 'is not allowed to update fields other than',
    },
    {
      name: 'the phase of the claim of its pod',
      request: status('mine', { status: { phase: 'Lost' } }),
      refusedBy: 'is not allowed to update fields other than',
    },
    {
      name: "the status of the claim of another node's pod",
      request: status('theirs', { status: { allocatedResources: { storage: '1Mi' } } }),
      refusedBy: 'cannot patch resource "persistentvolumeclaims/status"',
    },
  ]
}

function otherObjects({ namespace, node, nodeUid, mine }: NodeArena): NodeWrite[] {
  const theirs = namespace.core('pods/theirs')
  const spec = {
    ...mine.spec,
    serviceAccountName: '',
    serviceAccount: '',
    volumes: [],
    containers: mine.spec.containers.map(({ volumeMounts: _, ...rest }) => rest),
  }
  // With everything that upstream asks of one.
  const owner = { apiVersion: 'v1', kind: 'Node', name: node, uid: nodeUid, controller: true }
  const mirror = { metadata: { name: 'mirror', annotations: { 'kubernetes.io/config.mirror': 'a' }, ownerReferences: [owner] }, spec }
  const event = (more: object) => ({
    metadata: { name: 'event' },
    involvedObject: { kind: 'Pod', apiVersion: 'v1', name: 'mine', namespace: namespace.name },
    source: { host: node },
    ...more,
  })
  const core = (rest: string) => namespace.core(rest)
  return [
    {
      name: "the status of another node's pod",
      request: patch(`${theirs}/status`, { status: { phase: 'Running' } }, strategicPatch),
      refusedBy: 'can only update pod status for pods with spec.nodeName set to itself',
    },
    {
      name: "another node's pod, to delete it",
      request: remove(theirs),
      refusedBy: 'can only delete pods with spec.nodeName set to itself',
    },
    {
      name: "an eviction of another node's pod",
      request: post(`${theirs}/eviction`, { metadata: { name: 'theirs', namespace: namespace.name } }),
      refusedBy: 'can only evict pods with spec.nodeName set to itself',
    },
    {
      name: 'a pod',
      request: post(core('pods'), { metadata: { name: 'made' }, spec: mine.spec }),
      refusedBy: 'can only create mirror pods',
    },
    { name: 'a mirror pod', request: post(core('pods'), mirror), refusedBy: 'nodes of this cluster run no static pods' },
    { name: 'an event about its pod', request: post(core('events'), event({})) },
    {
      name: "an event about another node's pod",
      request: post(
        core('events'),
        event({ involvedObject: { kind: 'Pod', apiVersion: 'v1', name: 'theirs', namespace: namespace.name } }),
      ),
      refusedBy: 'can only create events about itself',
    },
    {
      name: 'an event of another source',
      request: post(core('events'), event({ source: { host: 'other' } })),
      refusedBy: 'can only create events with source.host set to itself',
    },
    ...['secrets', 'configmaps'].flatMap((resource): NodeWrite[] => [
      {
        name: `its pod's ${resource}, patched`,
        request: patch(core(`${resource}/mine`), { data: {} }),
        refusedBy: `cannot patch resource "${resource}"`,
      },
      {
        name: `its pod's ${resource}, deleted`,
        request: remove(core(`${resource}/mine`)),
        refusedBy: `cannot delete resource "${resource}"`,
      },
      {
        name: `a new one of ${resource}`,
        request: post(core(resource), { metadata: { name: 'made' } }),
        refusedBy: `cannot create resource "${resource}"`,
      },
    ]),
    { name: 'a service', request: patch(core('services/a'), {}), refusedBy: 'cannot patch resource "services"' },
    {
      name: 'an EndpointSlice',
      request: post(namespace.group('discovery.k8s.io/v1', 'endpointslices'), { metadata: { name: 'a' } }),
      refusedBy: 'cannot create resource "endpointslices"',
    },
    {
      name: 'a NetworkPolicy, deleted',
      request: remove(namespace.group('networking.k8s.io/v1', 'networkpolicies/a')),
      refusedBy: 'cannot delete resource "networkpolicies"',
    },
    {
      name: 'the label of a namespace',
      request: patch(`/api/v1/namespaces/${namespace.name}`, { metadata: { labels: { a: 'b' } } }),
      refusedBy: 'cannot patch resource "namespaces"',
    },
  ]
}
