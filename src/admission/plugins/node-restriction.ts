// A node's identity can change only its own Node, its own pods and what belongs to them, whatever RBAC grants (upstream's NodeRestriction).

import { isDeepStrictEqual } from 'node:util'
import { groupResource, type KubeObject } from '../../api/object.ts'
import { isMirrorPod, mirrorPodAnnotation } from '../../api/pods/mirror-pod.ts'
import { podReferences } from '../../api/pods/pod-references.ts'
import { type ApiError, forbidden, notFound } from '../../api/status.ts'
import type { StoreReader, StoreView } from '../../api/store-view.ts'
import type { CertificateSigningRequest } from '../../api/types/certificates-v1.ts'
import type { Node, PersistentVolumeClaim, Pod } from '../../api/types/core-v1.ts'
import { semanticallyEqual } from '../../api/validation/semantic-equality.ts'
import { type AdmissionRequest, admitted, type Verdict } from '../admission.ts'
import { beforeChanges } from '../before-changes.ts'
import { NodeClaims } from '../node/node-claims.ts'
import { nodeAddressRefusal, podAddressRefusal } from '../node/own-addresses.ts'
import { certificateRequestRefusal } from '../node/own-certificate-requests.ts'
import { ownEventRefusal } from '../node/own-events.ts'
import { ownLabelRefusal, ownLabels } from '../node/own-labels.ts'
import { foreignLinkRefusal, ownLinkRefusal } from '../node/own-link.ts'
import { podMetadataRefusal } from '../node/own-metadata.ts'
import { maxEventLength, maxNodeStatusLength, maxPodStatusLength, sizeRefusal } from '../node/own-sizes.ts'
import { foreignWitnessRefusal, ownWitnessRefusal } from '../node/own-witness.ts'
import { nodeTokenRefusal, podOfLister } from '../node-token-request.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'
import type { DecideFor } from '../policy/request-view.ts'
import { pemOf, type RequestedIdentity } from './certificate-requests.ts'

const userPrefix = 'system:node:'
const nodesGroup = 'system:nodes'
/** Labels that only administrators set: a node that chooses its own could attract pods that are meant for others. */
const reservedPrefix = 'node-restriction.kubernetes.io/'
const nodeSigners: ReadonlySet<string> = new Set(['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet'])
const nodeOfLister = { group: '', plural: 'node' }
const ownLabelDomains = ['kubelet.kubernetes.io', 'node.kubernetes.io']

/** Why the node may not; undefined if it may. */
type Refusal = string | ApiError | undefined
type Parts = NodeRestrictionOptions & { readonly claims: NodeClaims }
type Rule = (request: AdmissionRequest, node: string, parts: Parts) => Promise<Refusal>

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['pods', podRule],
  ['nodes', nodeRule],
  ['persistentvolumeclaims', claimRule],
  ['serviceaccounts', nodeTokenRefusal],
  ['certificatesigningrequests.certificates.k8s.io', certificateRule],
  ['leases.coordination.k8s.io', leaseRule],
  ['events', eventRule],
  ['events.events.k8s.io', eventRule],
  [
    'csinodes.storage.k8s.io',
    async (request, node) => (request.name === node ? undefined : `can only access CSINode with the same name as the requesting node`),
  ],
])

export interface NodeRestrictionOptions {
  readonly reader: StoreReader
  readonly view: Pick<StoreView, 'list' | 'follow'>
  readonly decide: DecideFor
  readonly identityOf: RequestedIdentity
  /** Upstream trusts a node's report of its addresses, its place and other objects; the secure profile does not. */
  readonly profile: 'secure' | 'upstream'
  hasRights?(namespace: string, name: string): boolean
}

export const nodeRestriction: PluginDefinition<NodeRestrictionOptions> = {
  name: 'NodeRestriction',
  does: "Limits a node's writes to its own Node, the pods bound to it and their objects",
  on: 'always',
  guard: 'a compromised node can act on other nodes, their pods and their tokens',
  handles: [{ operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['*/*'] }],
  status: [{ name: 'Node authorizer and NodeRestriction', note: 'a node reads only what its pods need', always: true }],
  create,
}

function create(options: NodeRestrictionOptions): PluginSteps {
  const parts: Parts = { ...options, claims: new NodeClaims(options.view) }
  async function validate(request: AdmissionRequest): Promise<Verdict> {
    const { user, resource } = request
    if (!isOfNode(request)) {
      const [now, old] = [request.object as Node | undefined, request.oldObject as Node | undefined]
      const foreign = foreignLinkRefusal(now, old) ?? foreignWitnessRefusal(now, old)
      return foreign === undefined ? admitted : refuse(request, foreign)
    }
    const node = user.name.startsWith(userPrefix) ? user.name.slice(userPrefix.length) : ''
    if (node === '') return refuse(request, `could not determine node from user "${user.name}"`)
    const why = await rules.get(groupResource(resource.group, resource.plural))?.(request, node, parts)
    return why === undefined ? admitted : refuse(request, why)
  }
  return {
    // Of others, only what they write into Nodes concerns it.
    handles: request => isOfNode(request) || groupResource(request.resource.group, request.resource.plural) === 'nodes',
    /** Evaluates the request before fields that the path does not write are restored or dropped, as upstream (CVE-2025-4563). */
    async mutate(request) {
      const verdict = await validate(request)
      if (!verdict.allowed) throw verdict.error
    },
    validate,
  }
}

const isOfNode = ({ user }: AdmissionRequest): boolean => user.groups.includes(nodesGroup)

const refuse = ({ resource, name }: AdmissionRequest, why: string | ApiError): Verdict => ({
  allowed: false,
  error: typeof why === 'string' ? forbidden(resource, name, why) : why,
})

async function podRule(request: AdmissionRequest, node: string, { reader, profile }: NodeRestrictionOptions): Promise<Refusal> {
  const pod = request.object as Pod | undefined
  const old = request.oldObject as Pod | undefined
  if (request.subresource === 'status') {
    if (old?.spec.nodeName !== node) return `node "${node}" can only update pod status for pods with spec.nodeName set to itself`
    if (!isDeepStrictEqual(old?.metadata.labels ?? {}, pod?.metadata.labels ?? {}))
      return `node "${node}" cannot update labels through pod status`
    if (!sameList(old?.status?.resourceClaimStatuses, pod?.status?.resourceClaimStatuses))
      return `node "${node}" cannot update resource claim statues`
    if (profile === 'upstream' || pod === undefined) return undefined
    // Changes by webhooks and policies are not the node's.
    const sent = (beforeChanges(request)?.object ?? pod) as Pod
    return (
      podMetadataRefusal(sent, old, node) ??
      sizeRefusal(pod.status, maxPodStatusLength(pod), node, 'a pod status') ??
      podAddressRefusal(pod, old, node, reader)
    )
  }
  if (request.subresource === 'eviction') {
    const found = reader.get('pods', request.namespace, request.name) as Pod | undefined
    if (found === undefined) return notFound(podOfLister, request.name)
    return found.spec.nodeName === node ? undefined : `node ${node} can only evict pods with spec.nodeName set to itself`
  }
  if (request.subresource !== '') return `unexpected pod subresource "${request.subresource}", only 'status' and 'eviction' are allowed`
  if (request.operation === 'DELETE')
    return old?.spec.nodeName === node ? undefined : `node "${node}" can only delete pods with spec.nodeName set to itself`
  if (request.operation !== 'CREATE' || pod === undefined)
    return `unexpected operation "${request.operation}", node "${node}" can only create and delete mirror pods`
  const why = mirrorPodRule(pod, node, reader)
  if (why !== undefined || profile === 'upstream') return why
  // With any namespace and labels, it would receive Service traffic for the pods there, and pass their network policies.
  return `node "${node}" can not create pods: nodes of this cluster run no static pods, which a mirror pod would stand for`
}

/** A mirror pod represents a static pod of the node, and has no access to the API. */
function mirrorPodRule(pod: Pod, node: string, reader: StoreReader): Refusal {
  const { metadata, spec, status } = pod
  if (!isMirrorPod(pod)) return `pod does not have "${mirrorPodAnnotation}" annotation, node "${node}" can only create mirror pods`
  if (spec.nodeName !== node) return `node "${node}" can only create pods with spec.nodeName set to itself`
  const [owner, ...more] = metadata.ownerReferences ?? []
  if (more.length > 0) return `node "${node}" can only create pods with a single owner reference set to itself`
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node)
    return `node "${node}" can only create pods with an owner reference set to itself`
  if (owner.controller !== true) return `node "${node}" can only create pods with a controller owner reference set to itself`
  if (owner.blockOwnerDeletion === true) return `node "${node}" must not set blockOwnerDeletion on an owner reference`
  const found = reader.get('nodes', '', node)
  if (found === undefined) return notFound(nodeOfLister, node)
  if (owner.uid !== found.metadata.uid) return `node ${node} UID mismatch: expected ${owner.uid} got ${found.metadata.uid ?? ''}`
  if (spec.serviceAccountName) return `node "${node}" can not create pods that reference a service account`
  const names = new Set(podReferences({ metadata, ...{ spec } }).map(({ kind }) => kind))
  for (const kind of ['secret', 'configmap', 'persistentvolumeclaim'] as const)
    if (names.has(kind)) return `node "${node}" can not create pods that reference ${kind}s`
  if ((spec.resourceClaims ?? []).length > 0 || (status?.resourceClaimStatuses ?? []).length > 0)
    return `node "${node}" can not create pods that reference resourceclaims`
  if (spec.volumes?.some(volume => volume.projected !== undefined)) return `node "${node}" can not create pods with projected volumes`
  return undefined
}

async function eventRule(request: AdmissionRequest, node: string, { reader, profile }: NodeRestrictionOptions): Promise<Refusal> {
  if (profile === 'upstream') return undefined
  return sizeRefusal(request.object, maxEventLength, node, 'an event') ?? ownEventRefusal(request, node, reader)
}

async function nodeRule(request: AdmissionRequest, node: string, { reader, claims, profile }: Parts): Promise<Refusal> {
  if (request.name !== node) return `node "${node}" is not allowed to modify node "${request.name}"`
  const now = request.object as Node | undefined
  const old = request.oldObject as Node | undefined
  if (request.operation === 'DELETE') return `node "${node}" is not allowed to delete its Node`
  if (now === undefined) return undefined
  const changed = changedLabels(old, now).sort()
  const labels = changed.filter(key => !mayLabel(key)).join(', ')
  const source = now.spec?.configSource
  if (request.operation === 'CREATE') {
    if (source !== undefined) return `node "${node}" is not allowed to create pods with a non-nil configSource`
    if (labels !== '') return `node "${node}" is not allowed to set the following labels: ${labels}`
    if ((now.metadata.ownerReferences ?? []).length > 0) return `node "${node}" is not allowed to set ownerReferences`
    return strict()
  }
  // A node that an administrator cordoned would get pods again.
  if (profile !== 'upstream' && (now.spec?.unschedulable ?? false) !== (old?.spec?.unschedulable ?? false))
    return `node "${node}" is not allowed to modify spec.unschedulable`
  if (source !== undefined && !semanticallyEqual(source, old?.spec?.configSource))
    return `node "${node}" is not allowed to update configSource to a new non-nil configSource`
  if (!semanticallyEqual(old?.spec?.taints, now.spec?.taints)) return `node "${node}" is not allowed to modify taints`
  if (labels !== '') return `is not allowed to modify labels: ${labels}`
  // Otherwise a node could be garbage collected and come back with other labels (CVE-2025-5187).
  if (!sameList(old?.metadata.ownerReferences, now.metadata.ownerReferences))
    return `node "${node}" is not allowed to modify ownerReferences`
  if (!sameList(old?.metadata.finalizers, now.metadata.finalizers)) return `node "${node}" is not allowed to modify finalizers`
  return strict()

  function strict(): string | undefined {
    if (now === undefined) return undefined
    const link = ownLinkRefusal(now, old, node, claims)
    const own = link ?? ownWitnessRefusal(now, old, node)
    if (own !== undefined || profile === 'upstream') return own
    return (
      sizeRefusal(now.status, maxNodeStatusLength, node, 'a Node status') ??
      ownLabelRefusal(now, old, changed, node) ??
      nodeAddressRefusal(now, old, node, { reader, claims })
    )
  }
}

function changedLabels(old: KubeObject | undefined, now: KubeObject): string[] {
  const [before, after] = [old?.metadata.labels ?? {}, now.metadata.labels ?? {}]
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(key => before[key] !== after[key])
}

/** Kubernetes' own label domains are closed to nodes except for the listed labels; other domains are open, except the reserved one. */
function mayLabel(key: string): boolean {
  if (ownLabels.has(key)) return true
  const [domain, name] = key.split('/')
  if (name === undefined || domain === undefined) return true
  if (ownLabelDomains.some(own => domain === own || domain.endsWith(`.${own}`))) return true
  if (`${domain}/` === reservedPrefix || domain.endsWith(`.${reservedPrefix.slice(0, -1)}`)) return false
  return !['kubernetes.io', 'k8s.io'].some(system => domain === system || domain.endsWith(`.${system}`))
}

async function claimRule({ operation, subresource, object, oldObject }: AdmissionRequest, node: string): Promise<Refusal> {
  if (subresource !== 'status') return 'may only update PVC status'
  if (operation !== 'UPDATE') return `unexpected operation "${operation}"`
  // A new owner or finalizer would let the node delete or keep objects of others.
  return semanticallyEqual(withoutSize(object as PersistentVolumeClaim), withoutSize(oldObject as PersistentVolumeClaim))
    ? undefined
    : `node "${node}" is not allowed to update fields other than status.quantity and status.conditions`
}

/** The fields that a node may write when it resizes a volume are removed. */
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

/** A node requests certificates only in its own name, for any signer of nodes. */
async function certificateRule(
  request: AdmissionRequest,
  node: string,
  { identityOf, reader, profile }: NodeRestrictionOptions,
): Promise<Refusal> {
  const { operation, object } = request
  const tooMuch = profile === 'upstream' ? undefined : certificateRequestRefusal(request, node, reader)
  if (tooMuch !== undefined) return tooMuch
  const csr = object as CertificateSigningRequest | undefined
  if (operation !== 'CREATE' || csr === undefined || !nodeSigners.has(csr.spec.signerName)) return undefined
  const identity = identityOf(pemOf(csr))
  if ('problem' in identity) return `unable to parse csr: ${identity.problem}`
  return identity.commonName === `${userPrefix}${node}` ? undefined : `can only create a node CSR with CN=${userPrefix}${node}`
}

async function leaseRule(request: AdmissionRequest, node: string): Promise<Refusal> {
  if (request.namespace !== 'kube-node-lease') return `can only access leases in the "kube-node-lease" system namespace`
  return request.name === node ? undefined : 'can only access node lease with the same name as the requesting node'
}

/** Ignores the order of members within items. */
const sameList = (a: readonly unknown[] | undefined, b: readonly unknown[] | undefined): boolean => isDeepStrictEqual(a ?? [], b ?? [])
