// What a node reads, and what it must not: one object, selector or path beyond its own each.
import type { NodeArena } from './node-arena.ts'

export interface NodeRead {
  readonly name: string
  readonly path: string
  /** Undefined: it is read. Else the refusal must contain it. */
  readonly refusedBy?: string
}

/** Kinds that a node may list whole: it keeps rules of Services and of policies, runs drivers, and pulls from mirrors. */
export const listedByNodes: ReadonlySet<string> = new Set([
  'services',
  'endpoints',
  'namespacelabels.bulkhead.dev',
  'nodelinks.bulkhead.dev',
  'podaddresses.bulkhead.dev',
  'registrymirrors.supply.bulkhead.dev',
  'endpointslices.discovery.k8s.io',
  'networkpolicies.networking.k8s.io',
  'servicecidrs.networking.k8s.io',
  'runtimeclasses.node.k8s.io',
  'registrymirrors.supply.bulkhead.dev',
  'csidrivers.storage.k8s.io',
  'certificatesigningrequests.certificates.k8s.io',
])

export function nodeReads({ namespace, node }: NodeArena): readonly NodeRead[] {
  const core = (rest: string) => namespace.core(rest)
  const selector = (field: string, value: string) => `fieldSelector=${field}%3D${value}`
  const cannot = (verb: string, resource: string) => `cannot ${verb} resource "${resource}"`
  const leases = '/apis/coordination.k8s.io/v1/namespaces'
  return [
    { name: 'a Secret that its pod mounts', path: core('secrets/mine') },
    { name: 'a Secret that its pod mounts, in a list', path: core(`secrets?${selector('metadata.name', 'mine')}`) },
    { name: 'a ConfigMap that its pod mounts', path: core('configmaps/mine') },
    { name: 'its pod', path: core('pods/mine') },
    { name: 'its pods', path: `/api/v1/pods?${selector('spec.nodeName', node)}&limit=1` },
    { name: 'its Node', path: `/api/v1/nodes/${node}` },
    { name: 'its Node in a list', path: `/api/v1/nodes?${selector('metadata.name', node)}` },
    { name: "a Secret of another node's pod", path: core('secrets/theirs'), refusedBy: cannot('get', 'secrets') },
    { name: 'a Secret that no pod mounts', path: core('secrets/none'), refusedBy: cannot('get', 'secrets') },
    {
      name: 'a Secret of its pod with another selector',
      path: core(`secrets?${selector('type', 'Opaque')}`),
      refusedBy: cannot('list', 'secrets'),
    },
    { name: 'all Secrets of the namespace', path: core('secrets'), refusedBy: cannot('list', 'secrets') },
    {
      name: 'all Secrets of the namespace, watched',
      path: core('secrets?watch=true&timeoutSeconds=1'),
      refusedBy: cannot('watch', 'secrets'),
    },
    { name: 'all Secrets', path: '/api/v1/secrets', refusedBy: cannot('list', 'secrets') },
    {
      name: 'a Secret of its name in another namespace',
      path: '/api/v1/namespaces/kube-system/secrets/mine',
      refusedBy: cannot('get', 'secrets'),
    },
    { name: "a ConfigMap of another node's pod", path: core('configmaps/theirs'), refusedBy: cannot('get', 'configmaps') },
    { name: 'all ConfigMaps of the namespace', path: core('configmaps'), refusedBy: cannot('list', 'configmaps') },
    { name: "another node's pod", path: core('pods/theirs'), refusedBy: cannot('get', 'pods') },
    { name: 'all pods', path: '/api/v1/pods', refusedBy: cannot('list', 'pods') },
    { name: 'all pods of the namespace', path: core('pods'), refusedBy: cannot('list', 'pods') },
    { name: 'the pods of another node', path: `/api/v1/pods?${selector('spec.nodeName', 'other')}`, refusedBy: cannot('list', 'pods') },
    { name: "all pods but another node's", path: '/api/v1/pods?fieldSelector=spec.nodeName%21%3Dother', refusedBy: cannot('list', 'pods') },
    {
      name: 'all pods by a second selector',
      path: `/api/v1/pods?fieldSelector=&${selector('spec.nodeName', node)}`,
      refusedBy: cannot('list', 'pods'),
    },
    {
      name: 'all pods behind an escaped comma',
      path: `/api/v1/pods?fieldSelector=status.phase%21%3Dx%5C,spec.nodeName%3D${node}`,
      refusedBy: cannot('list', 'pods'),
    },
    { name: 'all pods, watched', path: '/api/v1/pods?watch=true&timeoutSeconds=1', refusedBy: cannot('watch', 'pods') },
    { name: 'all pods, watched by the old path', path: '/api/v1/watch/pods?timeoutSeconds=1', refusedBy: cannot('watch', 'pods') },
    { name: 'the log of its pod', path: core('pods/mine/log'), refusedBy: cannot('get', 'pods/log') },
    { name: 'another Node', path: '/api/v1/nodes/bulkhead-prove-other', refusedBy: cannot('get', 'nodes') },
    { name: 'all Nodes', path: '/api/v1/nodes', refusedBy: cannot('list', 'nodes') },
    {
      name: 'another Node behind an escaped comma',
      path: `/api/v1/nodes?fieldSelector=metadata.name%21%3Dx%5C,metadata.name%3D${node}`,
      refusedBy: cannot('list', 'nodes'),
    },
    { name: 'the lease of another node', path: `${leases}/kube-node-lease/leases/other`, refusedBy: cannot('get', 'leases') },
    { name: 'all leases of nodes', path: `${leases}/kube-node-lease/leases`, refusedBy: cannot('list', 'leases') },
    { name: 'a lease of its name elsewhere', path: `${leases}/kube-system/leases/${node}`, refusedBy: cannot('get', 'leases') },
    { name: 'the CSINode of another node', path: '/apis/storage.k8s.io/v1/csinodes/other', refusedBy: cannot('get', 'csinodes') },
    { name: 'the claim of its pod', path: core('persistentvolumeclaims/mine') },
    { name: 'a Secret of a pod that was deleted', path: core('secrets/gone'), refusedBy: cannot('get', 'secrets') },
    { name: 'a ConfigMap of a pod that was deleted', path: core('configmaps/gone'), refusedBy: cannot('get', 'configmaps') },
    {
      name: "a claim of another node's pod",
      path: core('persistentvolumeclaims/theirs'),
      refusedBy: cannot('get', 'persistentvolumeclaims'),
    },
    {
      name: 'an attachment of a volume to no node of its own',
      path: '/apis/storage.k8s.io/v1/volumeattachments/none',
      refusedBy: cannot('get', 'volumeattachments'),
    },
    {
      name: 'the devices of all nodes',
      path: '/apis/resource.k8s.io/v1beta1/resourceslices',
      refusedBy: cannot('list', 'resourceslices'),
    },
    { name: 'a claim of no pod of its own', path: core('persistentvolumeclaims/none'), refusedBy: cannot('get', 'persistentvolumeclaims') },
    { name: 'a volume of no pod of its own', path: '/api/v1/persistentvolumes/none', refusedBy: cannot('get', 'persistentvolumes') },
    { name: 'the account of its pod', path: core('serviceaccounts/mine'), refusedBy: cannot('get', 'serviceaccounts') },
    { name: 'itself through the proxy', path: `/api/v1/nodes/${node}/proxy/healthz`, refusedBy: cannot('get', 'nodes/proxy') },
  ]
}

/** What is the node's own, read by another node. */
export function strangerReads({ namespace, node }: NodeArena): readonly NodeRead[] {
  const cannot = (verb: string, resource: string) => `cannot ${verb} resource "${resource}"`
  return [
    { name: "another node's Secret", path: namespace.core('secrets/mine'), refusedBy: cannot('get', 'secrets') },
    { name: "another node's ConfigMap", path: namespace.core('configmaps/mine'), refusedBy: cannot('get', 'configmaps') },
    { name: "another node's pod", path: namespace.core('pods/mine'), refusedBy: cannot('get', 'pods') },
    { name: "another node's pods", path: `/api/v1/pods?fieldSelector=spec.nodeName%3D${node}`, refusedBy: cannot('list', 'pods') },
    { name: 'another Node', path: `/api/v1/nodes/${node}`, refusedBy: cannot('get', 'nodes') },
    {
      name: "another node's lease",
      path: `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${node}`,
      refusedBy: cannot('get', 'leases'),
    },
  ]
}
