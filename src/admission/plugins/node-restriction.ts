// A node's identity touches only its own Node, its own pods, and what belongs to them, whatever RBAC says (upstream's NodeRestriction).
import { isMirrorPod, mirrorPodAnnotation } from '../../api/mirror-pod.ts'
import { groupResource, type KubeObject } from '../../api/object.ts'
import { podReferences } from '../../api/pod-references.ts'
import { forbidden } from '../../api/status.ts'
import type { Node, PersistentVolumeClaim, Pod } from '../../api/types/core-v1.ts'
import { semanticallyEqual } from '../../api/validation/semantic-equality.ts'
import { type AdmissionPlugin, type AdmissionRequest, admitted, type ClusterReader, type Verdict } from '../admission.ts'
import { nodeTokenRefusal } from '../node-token-request.ts'
import type { DecideFor } from '../policy/request-view.ts'

const userPrefix = 'system:node:'
const nodesGroup = 'system:nodes'
/** Labels that only administrators set: a node that chose its own could draw pods that are meant for others. */
const reservedPrefix = 'node-restriction.kubernetes.io/'
const ownLabels: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
])
const ownLabelDomains = ['kubelet.kubernetes.io', 'node.kubernetes.io']

type Rule = (request: AdmissionRequest, node: string, reader: ClusterReader) => string | undefined

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['pods', podRule],
  ['nodes', nodeRule],
  ['persistentvolumeclaims', claimRule],
  ['leases.coordination.k8s.io', leaseRule],
  [
    'csinodes.storage.k8s.io',
    (request, node) => (request.name === node ? undefined : `can only access CSINode with the same name as the requesting node`),
  ],
])

export interface NodeRestrictionOptions {
  readonly reader: ClusterReader
  readonly decide: DecideFor
}

export function nodeRestriction({ reader, decide }: NodeRestrictionOptions): AdmissionPlugin {
  function validate(request: AdmissionRequest): Verdict {
    if (!request.user.name.startsWith(userPrefix)) return refuse(request, `could not determine node from user "${request.user.name}"`)
    const node = request.user.name.slice(userPrefix.length)
    const resource = groupResource(request.resource.group, request.resource.plural)
    const why =
      resource === 'serviceaccounts' ? nodeTokenRefusal(request, node, { reader, decide }) : rules.get(resource)?.(request, node, reader)
    return why === undefined ? admitted : refuse(request, why)
  }
  return {
    name: 'NodeRestriction',
    handles: ({ user, operation }) => operation !== 'CONNECT' && user.groups.includes(nodesGroup),
    /** What is asked for is judged before fields of features that are off are dropped, as upstream does it (CVE-2025-4563). */
    mutate(request) {
      const verdict = request.operation === 'CREATE' ? validate(request) : admitted
      if (!verdict.allowed) throw verdict.error
    },
    validate,
  }
}

const refuse = (request: AdmissionRequest, why: string): Verdict => ({
  allowed: false,
  error: forbidden(request.resource, request.name, why),
})

function podRule(request: AdmissionRequest, node: string, reader: ClusterReader): string | undefined {
  const pod = request.object as Pod | undefined
  const old = request.oldObject as Pod | undefined
  if (request.subresource === 'status') {
    if (old?.spec.nodeName !== node) return `node "${node}" can only update pod status for pods with spec.nodeName set to itself`
    if (!same(old?.metadata.labels, pod?.metadata.labels)) return `node "${node}" cannot update labels through pod status`
    return undefined
  }
  if (request.subresource === 'eviction') {
    const found = reader.get('pods', request.namespace, request.name) as Pod | undefined
    return found === undefined || found.spec.nodeName === node
      ? undefined
      : `node ${node} can only evict pods with spec.nodeName set to itself`
  }
  if (request.subresource !== '') return `unexpected pod subresource "${request.subresource}", only 'status' and 'eviction' are allowed`
  if (request.operation === 'DELETE')
    return old?.spec.nodeName === node ? undefined : `node "${node}" can only delete pods with spec.nodeName set to itself`
  if (request.operation !== 'CREATE' || pod === undefined)
    return `unexpected operation "${request.operation}", node "${node}" can only create and delete mirror pods`
  return mirrorPodRule(pod, node, reader)
}

/** A mirror pod stands for a static pod of the node, and reaches nothing of the API. */
function mirrorPodRule(pod: Pod, node: string, reader: ClusterReader): string | undefined {
  const { metadata, spec, status } = pod
  if (!isMirrorPod(pod)) return `pod does not have "${mirrorPodAnnotation}" annotation, node "${node}" can only create mirror pods`
  if (spec.nodeName !== node) return `node "${node}" can only create pods with spec.nodeName set to itself`
  const owners = metadata.ownerReferences ?? []
  if (owners.length !== 1) return `node "${node}" can only create pods with a single owner reference set to itself`
  const [owner] = owners
  if (
    owner?.apiVersion !== 'v1' ||
    owner.kind !== 'Node' ||
    owner.name !== node ||
    owner.controller !== true ||
    owner.blockOwnerDeletion === true
  )
    return `node "${node}" can only create pods with an owner reference set to itself, as controller and without blockOwnerDeletion`
  const uid = reader.get('nodes', '', node)?.metadata.uid
  if (owner.uid !== uid) return `node ${node} UID mismatch: expected ${owner.uid} got ${uid ?? ''}`
  if (spec.serviceAccountName) return `node "${node}" can not create pods that reference a service account`
  if ((spec.resourceClaims ?? []).length > 0 || (status?.resourceClaimStatuses ?? []).length > 0)
    return `node "${node}" can not create pods that reference resourceclaims`
  const names = new Set(podReferences({ metadata, ...{ spec } }).map(({ kind }) => kind))
  for (const kind of ['secret', 'configmap', 'persistentvolumeclaim'] as const)
    if (names.has(kind)) return `node "${node}" can not create pods that reference ${kind}s`
  if (spec.volumes?.some(volume => volume.projected !== undefined)) return `node "${node}" can not create pods with projected volumes`
  return undefined
}

function nodeRule(request: AdmissionRequest, node: string): string | undefined {
  if (request.name !== node) return `node "${node}" is not allowed to modify node "${request.name}"`
  const now = request.object as Node | undefined
  const old = request.oldObject as Node | undefined
  if (request.operation === 'DELETE') return `node "${node}" is not allowed to delete its Node`
  if (now === undefined) return undefined
  const forbiddenLabels = changedLabels(old, now).filter(key => !mayLabel(key))
  if (forbiddenLabels.length > 0) return `is not allowed to modify labels: ${forbiddenLabels.sort().join(', ')}`
  if (request.operation === 'CREATE') {
    if ((now.metadata.ownerReferences ?? []).length > 0) return `node "${node}" is not allowed to set ownerReferences`
    return now.spec?.configSource === undefined ? undefined : 'is not allowed to create pods with a non-nil configSource'
  }
  // Deleting itself by garbage collection and coming back with other labels would get past the rules above (CVE-2025-5187).
  if (!same(old?.metadata.ownerReferences, now.metadata.ownerReferences)) return `node "${node}" is not allowed to modify ownerReferences`
  if (!same(old?.metadata.finalizers, now.metadata.finalizers)) return `node "${node}" is not allowed to modify finalizers`
  if (request.subresource === '' && !same(old?.spec?.taints, now.spec?.taints)) return `node "${node}" is not allowed to modify taints`
  return undefined
}

function changedLabels(old: KubeObject | undefined, now: KubeObject): string[] {
  const [before, after] = [old?.metadata.labels ?? {}, now.metadata.labels ?? {}]
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(key => before[key] !== after[key])
}

/** Kubernetes' own label domains are closed to nodes but for the named ones; other domains are open, less the reserved one. */
function mayLabel(key: string): boolean {
  if (ownLabels.has(key)) return true
  const [domain, name] = key.split('/')
  if (name === undefined || domain === undefined) return true
  if (ownLabelDomains.some(own => domain === own || domain.endsWith(`.${own}`))) return true
  if (`${domain}/` === reservedPrefix || domain.endsWith(`.${reservedPrefix.slice(0, -1)}`)) return false
  return !['kubernetes.io', 'k8s.io'].some(system => domain === system || domain.endsWith(`.${system}`))
}

function claimRule({ operation, subresource, object, oldObject }: AdmissionRequest, node: string): string | undefined {
  if (subresource !== 'status') return 'may only update PVC status'
  if (operation !== 'UPDATE') return `unexpected operation "${operation}"`
  // A new owner or finalizer would let the node delete or keep what somebody else stored.
  return semanticallyEqual(withoutSize(object as PersistentVolumeClaim), withoutSize(oldObject as PersistentVolumeClaim))
    ? undefined
    : `node "${node}" is not allowed to update fields other than status.capacity and status.conditions`
}

/** What the node that resizes a volume does not write. */
function withoutSize({ metadata, status, ...claim }: PersistentVolumeClaim): object {
  const { resourceVersion: _version, managedFields: _fields, ...identity } = metadata
  const {
    capacity: _capacity,
    conditions: _conditions,
    allocatedResources: _amounts,
    allocatedResourceStatuses: _states,
    ...left
  } = status ?? {}
  return { ...claim, metadata: identity, status: left }
}

function leaseRule(request: AdmissionRequest, node: string): string | undefined {
  if (request.namespace !== 'kube-node-lease') return `can only access leases in the "kube-node-lease" system namespace`
  return request.name === node ? undefined : 'can only access node lease with the same name as the requesting node'
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null)
