// What nobody may do without a grant: every verb on many kinds, their subresources, reviews of others' rights, and paths that are no resource.
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import type { Ask, ResourceAsk } from './ask.ts'

const rbac = 'rbac.authorization.k8s.io'
const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'] as const

export function ungrantedAsks(namespace: string): readonly Ask[] {
  const ask = (verb: ResourceAsk['verb'], resource: string, more: Partial<ResourceAsk> = {}): ResourceAsk => ({
    ...{
      verb,
      group: '',
      version: 'v1',
      resource,
      subresource: '',
      namespace,
      name: ['get', 'update', 'patch', 'delete'].includes(verb) ? 'a5' : '',
    },
    ...more,
  })
  const everyVerb = (resource: string, more: Partial<ResourceAsk> = {}) => verbs.map(verb => ask(verb, resource, more))
  const pod = (verb: ResourceAsk['verb'], subresource: string, body?: object) =>
    ask(verb, 'pods', { name: 'a5', subresource, ...(body === undefined ? {} : { body }) })
  const atCluster = (resource: string, group = '') => everyVerb(resource, { namespace: '', group })
  return [
    ...everyVerb('pods', { body: podObject('a5', harmlessSpec()) }),
    ...['secrets', 'configmaps', 'serviceaccounts', 'services', 'persistentvolumeclaims'].flatMap(resource => everyVerb(resource)),
    ...['roles', 'rolebindings'].flatMap(resource => everyVerb(resource, { group: rbac })),
    ...atCluster('nodes'),
    ...atCluster('namespaces'),
    ...atCluster('clusterroles', rbac),
    ...atCluster('clusterrolebindings', rbac),
    ...atCluster('certificatesigningrequests', 'certificates.k8s.io'),
    ...atCluster('validatingadmissionpolicies', 'admissionregistration.k8s.io'),
    ...['secrets', 'pods', 'configmaps'].map(resource => ask('list', resource, { namespace: '' })),
    ask('list', 'secrets', { namespace: 'kube-system' }),
    ask('get', 'configmaps', { namespace: 'kube-system', name: 'bulkhead-denied-credentials' }),
    pod('get', 'log'),
    pod('get', 'proxy'),
    ...['exec', 'attach', 'portforward'].flatMap(subresource => [
      pod('create', subresource),
      ask('create', 'pods', { name: 'a5', subresource, by: 'GET' as const }),
    ]),
    pod('create', 'eviction', { metadata: { name: 'a5' } }),
    pod('create', 'binding', { target: { kind: 'Node', name: 'a5' } }),
    pod('patch', 'status'),
    pod('patch', 'ephemeralcontainers'),
    ask('create', 'serviceaccounts', { name: 'default', subresource: 'token', body: { spec: {} } }),
    ask('get', 'nodes', { namespace: '', name: 'a5', subresource: 'proxy' }),
    ask('update', 'namespaces', { namespace: '', name: 'a5', subresource: 'finalize' }),
    ask('patch', 'certificatesigningrequests', { group: 'certificates.k8s.io', namespace: '', name: 'a5', subresource: 'approval' }),
    ask('create', 'subjectaccessreviews', { group: 'authorization.k8s.io', namespace: '' }),
    ask('create', 'localsubjectaccessreviews', { group: 'authorization.k8s.io' }),
    ask('create', 'tokenreviews', { group: 'authentication.k8s.io', namespace: '' }),
    { verb: 'get', url: '/metrics' },
    { verb: 'get', url: '/debug/pprof' },
    { verb: 'get', url: '/bulkhead-prove' },
  ]
}
