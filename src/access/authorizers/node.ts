// The rights of a node agent: only what concerns itself and the pods bound to it, decided object by object with the node graph.

import { clusterDnsAccount } from '../../api/credentials/node-dns-token.ts'
import { goQuote } from '../../api/go-text/go-quote.ts'
import { requiredFieldValue } from '../../api/selectors/field-selector.ts'
import type { Attributes, Authorizer, Decision } from '../access.ts'
import { componentRoles } from '../bootstrap-policy/component-roles.ts'
import { anySteps, indexRules } from '../rules/rule-index.ts'
import type { NamespacedVertex, NodeGraph } from './node-graph.ts'

const nodesGroup = 'system:nodes'
const nodeUserPrefix = 'system:node:'

const allow: Decision = { decision: 'allow', reason: '' }
const noOpinion = (reason: string): Decision => ({ decision: 'no-opinion', reason })

/** The node of a user; undefined for other users, '' for a node user without a node name. */
function nodeOf({ name, groups }: Attributes['user']): string | undefined {
  return name.startsWith(nodeUserPrefix) && groups.includes(nodesGroup) ? name.slice(nodeUserPrefix.length) : undefined
}

/** Whether a user is a node: its rights depend on more than roles and cannot be listed. */
export const isNode = (user: Attributes['user']): boolean => nodeOf(user) !== undefined

/** Rules that do not depend on single objects: the role system:node. */
const nodeRole = indexRules(componentRoles.find(role => role.metadata.name === 'system:node')?.rules ?? [])

export function createNodeAuthorizer(graph: NodeGraph): Authorizer {
  return {
    name: 'Node',
    authorize(attributes) {
      const node = nodeOf(attributes.user)
      if (node === undefined) return noOpinion('')
      if (node === '') return noOpinion(`unknown node for user ${goQuote(attributes.user.name)}`)
      if (attributes.isResource) {
        const decided = byResource(graph, node, attributes)
        if (decided !== undefined) return decided
      }
      return nodeRole.allows(attributes, anySteps()) ? allow : noOpinion('')
    },
  }
}

function byResource(graph: NodeGraph, node: string, attributes: Attributes): Decision | undefined {
  switch (`${attributes.resource}.${attributes.group}`) {
    case 'secrets.':
      return readNamespaced(graph, node, 'secret', attributes)
    case 'configmaps.':
      return readNamespaced(graph, node, 'configmap', attributes)
    case 'persistentvolumeclaims.':
      return attributes.subresource === 'status'
        ? claimStatus(graph, node, attributes)
        : getOne(attributes, node, ({ namespace, name }) => graph.reaches(node, 'persistentvolumeclaim', namespace, name))
    case 'persistentvolumes.':
      return getOne(attributes, node, ({ namespace, name }) => namespace === '' && graph.reachesVolume(node, name))
    case 'resourceclaims.resource.k8s.io':
      return getOne(attributes, node, ({ namespace, name }) => graph.reaches(node, 'resourceclaim', namespace, name))
    case 'volumeattachments.storage.k8s.io':
      return getOne(attributes, node, ({ namespace, name }) => namespace === '' && graph.reachesAttachment(node, name))
    case 'localvolumes.bulkhead.dev':
      return ownLocalVolume(graph, node, attributes)
    case 'serviceaccounts.':
      return accountToken(graph, node, attributes)
    case 'leases.coordination.k8s.io':
      return ownLease(node, attributes)
    case 'csinodes.storage.k8s.io':
      return ownCsiNode(node, attributes)
    case 'resourceslices.resource.k8s.io':
      return ownSlices(node, attributes)
    case 'nodes.':
      return ownNode(node, attributes)
    case 'pods.':
      return ownPods(graph, node, attributes)
    default:
      return undefined
  }
}

const unrelated = (node: string): Decision => noOpinion(`no relationship found between node '${node}' and this object`)

function readNamespaced(graph: NodeGraph, node: string, kind: NamespacedVertex, attributes: Attributes): Decision {
  const { verb, subresource, namespace, name } = attributes
  if (verb !== 'get' && verb !== 'list' && verb !== 'watch') return noOpinion('can only read resources of this type')
  if (subresource !== '') return noOpinion('cannot read subresource')
  if (namespace === '') return noOpinion('can only read namespaced object of this type')
  if (name === '') return noOpinion('No Object name found')
  return graph.reaches(node, kind, namespace, name) ? allow : unrelated(node)
}

function getOne(attributes: Attributes, node: string, reaches: (attributes: Attributes) => boolean): Decision {
  if (attributes.verb !== 'get') return noOpinion('can only get individual resources of this type')
  if (attributes.subresource !== '') return noOpinion('cannot get subresource')
  if (attributes.name === '') return noOpinion('No Object name found')
  return reaches(attributes) ? allow : unrelated(node)
}

function claimStatus(graph: NodeGraph, node: string, { verb, namespace, name }: Attributes): Decision {
  // The check is upstream's, although its text says otherwise.
  if (verb !== 'update' && verb !== 'patch') return noOpinion('can only get/update/patch this type')
  if (name === '') return noOpinion('No Object name found')
  return graph.reaches(node, 'persistentvolumeclaim', namespace, name) ? allow : unrelated(node)
}

function accountToken(graph: NodeGraph, node: string, { verb, subresource, namespace, name }: Attributes): Decision {
  if (verb !== 'create' || name === '') return noOpinion('can only create tokens for individual service accounts')
  if (subresource !== 'token') return noOpinion('can only create token subresource of serviceaccount')
  // NodeRestriction checks that the token is bound to the node's own Node.
  if (namespace === clusterDnsAccount.namespace && name === clusterDnsAccount.name) return allow
  return graph.reaches(node, 'serviceaccount', namespace, name) ? allow : unrelated(node)
}

/** A node follows its own volumes, reports what it holds, and gets their keys. Only the controllers make, change and remove them. */
function ownLocalVolume(graph: NodeGraph, node: string, attributes: Attributes): Decision {
  const { verb, subresource, name } = attributes
  if (subresource === '' && (verb === 'list' || verb === 'watch')) {
    if (selects(attributes, 'spec.nodeName', node)) return allow
    return noOpinion('can only list/watch localvolumes with spec.nodeName field selector')
  }
  const isOwn = name !== '' && graph.reachesLocalVolume(node, name)
  const may =
    (subresource === '' && verb === 'get') ||
    (subresource === 'status' && (verb === 'update' || verb === 'patch')) ||
    (subresource === 'key' && verb === 'create')
  if (!may) return noOpinion('can only read localvolumes, write their status, and request their keys')
  return isOwn ? allow : unrelated(node)
}

const ownVerbs = new Set(['get', 'create', 'update', 'patch', 'delete'])

function ownLease(node: string, { verb, namespace, name }: Attributes): Decision {
  if (!ownVerbs.has(verb)) return noOpinion('can only get, create, update, patch, or delete a node lease')
  if (namespace !== 'kube-node-lease') return noOpinion('can only access leases in the "kube-node-lease" system namespace')
  // The name of a create is in the body, where NodeRestriction checks it.
  if (verb !== 'create' && name !== node) return noOpinion('can only access node lease with the same name as the requesting node')
  return allow
}

function ownCsiNode(node: string, { verb, subresource, name }: Attributes): Decision {
  if (!ownVerbs.has(verb)) return noOpinion('can only get, create, update, patch, or delete a CSINode')
  if (subresource !== '') return noOpinion('cannot authorize CSINode subresources')
  if (verb !== 'create' && name !== node) return noOpinion('can only access CSINode with the same name as the requesting node')
  return allow
}

function ownSlices(node: string, attributes: Attributes): Decision {
  const { verb, subresource } = attributes
  if (subresource !== '') return noOpinion('cannot authorize ResourceSlice subresources')
  if (verb === 'create') return allow
  // The cluster stores no slices, so none belongs to the node.
  if (verb === 'get' || verb === 'update' || verb === 'patch' || verb === 'delete')
    return attributes.name === '' ? noOpinion('No Object name found') : unrelated(node)
  if (verb !== 'list' && verb !== 'watch' && verb !== 'deletecollection') {
    return noOpinion(
      'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
    )
  }
  if (selects(attributes, 'spec.nodeName', node)) return allow
  return noOpinion('can only list/watch/deletecollection resourceslices with nodeName field selector')
}

function ownNode(node: string, { verb, subresource, name }: Attributes): Decision {
  if (subresource === 'status' && (verb === 'update' || verb === 'patch')) return allow
  if (subresource !== '') return noOpinion('')
  // NodeRestriction decides which node is written: the name of a create is in the body.
  if (verb === 'create' || verb === 'update' || verb === 'patch') return allow
  if (verb !== 'get' && verb !== 'list' && verb !== 'watch') return noOpinion('')
  // For a field selector with one name, the request has set the name.
  if (name === node) return allow
  return noOpinion(`node '${node}' cannot read ${name === '' ? 'all nodes' : `'${name}'`}, only its own Node object`)
}

function ownPods(graph: NodeGraph, node: string, attributes: Attributes): Decision {
  const { verb, subresource, namespace, name } = attributes
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? allow : noOpinion('')
  if (subresource === 'eviction') return verb === 'create' ? allow : noOpinion('')
  if (subresource !== '') return noOpinion('')
  switch (verb) {
    case 'create':
    case 'delete':
      return allow // mirror pods and finished pods; NodeRestriction binds both to the node
    case 'get':
      if (name === '') return noOpinion('No Object name found')
      return graph.reaches(node, 'pod', namespace, name) ? allow : unrelated(node)
    case 'list':
    case 'watch':
      if (selects(attributes, 'spec.nodeName', node)) return allow
      if (name !== '' && graph.reaches(node, 'pod', namespace, name)) return allow
      return noOpinion('can only list/watch pods with spec.nodeName field selector')
    default:
      return noOpinion('')
  }
}

/** Whether the field selector requires exactly this value; all its terms must hold, so further terms only narrow it. */
function selects({ fieldSelector }: Attributes, field: string, value: string): boolean {
  return fieldSelector !== undefined && requiredFieldValue(fieldSelector, field) === value
}
