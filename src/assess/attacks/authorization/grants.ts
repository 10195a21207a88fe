// One narrow grant at a time: what it grants, and what is one step beyond it. Each has a user of its own.
import type { PolicyRule } from '../../../api/types/rbac-v1.ts'
import type { Ask, ResourceAsk } from './ask.ts'

export interface GrantCase {
  readonly name: string
  /** Of its own role; the name of one that every cluster has, which is bound in the first namespace. */
  readonly rules: readonly PolicyRule[] | 'view' | 'edit' | 'admin'
  /** The Role or ClusterRole is bound in the first namespace, or everywhere. Default `Role`. */
  readonly bound?: 'Role' | 'ClusterRole in the namespace' | 'ClusterRole'
  /** The subject of the binding; default the user of the case. */
  readonly subject?:
    | 'group'
    | 'user with the name of a group'
    | 'group with the name of the user'
    | 'account of the second namespace'
    | 'account of the second namespace with the name of one of the first'
  readonly granted: readonly Ask[]
  readonly refused: readonly Ask[]
}

export interface CaseNamespaces {
  readonly first: string
  readonly second: string
}

const rbac = 'rbac.authorization.k8s.io'
const all = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'] as const
type Verb = (typeof all)[number]
const isOfMany = (verb: Verb): boolean => verb === 'list' || verb === 'watch' || verb === 'create' || verb === 'deletecollection'

/** Subresources with the verb that they are usually asked for. */
const subresources: readonly (readonly [string, string, string, Verb])[] = [
  ['', 'pods', 'log', 'get'],
  ['', 'pods', 'status', 'patch'],
  ['', 'pods', 'exec', 'create'],
  ['', 'pods', 'attach', 'create'],
  ['', 'pods', 'portforward', 'create'],
  ['', 'pods', 'eviction', 'create'],
  ['', 'pods', 'binding', 'create'],
  ['', 'pods', 'ephemeralcontainers', 'patch'],
  ['', 'pods', 'resize', 'patch'],
  ['', 'pods', 'proxy', 'get'],
  ['', 'services', 'proxy', 'create'],
  ['', 'services', 'status', 'patch'],
  ['', 'serviceaccounts', 'token', 'create'],
  ['', 'replicationcontrollers', 'scale', 'patch'],
  ['apps', 'deployments', 'scale', 'get'],
  ['apps', 'deployments', 'status', 'get'],
  ['apps', 'statefulsets', 'scale', 'update'],
]

export function grantCases({ first, second }: CaseNamespaces): readonly GrantCase[] {
  const ask = (verb: Verb, resource: string, more: Partial<ResourceAsk> = {}): ResourceAsk => ({
    ...{ verb, group: '', version: 'v1', resource, subresource: '', namespace: first },
    ...{ name: isOfMany(verb) && (more.subresource ?? '') === '' ? '' : 'a' },
    ...more,
  })
  const url = (path: string, verb: 'get' | 'post' = 'get'): Ask => ({ verb, url: path })
  const rule = (verb: Verb, resource: string, more: Partial<PolicyRule> = {}): PolicyRule => ({
    ...{ verbs: [verb], apiGroups: [''], resources: [resource] },
    ...more,
  })
  const named = rule('get', 'configmaps', { resourceNames: ['a'], verbs: [...all] })
  const byName = (name: string) => ({ query: `fieldSelector=metadata.name%3D${name}` })
  return [
    ...all.map(
      (verb): GrantCase => ({
        name: `only ${verb}`,
        rules: [rule(verb, 'configmaps')],
        granted: [ask(verb, 'configmaps')],
        refused: all.filter(other => other !== verb).map(other => ask(other, 'configmaps')),
      }),
    ),
    ...subresources.map(
      ([group, resource, subresource, verb]): GrantCase => ({
        name: `only ${resource}/${subresource}`,
        rules: [rule(verb, `${resource}/${subresource}`, { apiGroups: [group] })],
        granted: [ask(verb, resource, { group, subresource })],
        refused: [
          ask(verb, resource, { group, name: verb === 'create' ? '' : 'a' }),
          ...subresources
            .filter(([otherGroup, other, sub]) => otherGroup === group && other === resource && sub !== subresource)
            .map(([, , sub, otherVerb]) => ask(otherVerb, resource, { group, subresource: sub })),
        ],
      }),
    ),
    {
      name: 'a resource without its subresources',
      rules: [rule('get', 'pods', { verbs: [...all], resources: ['pods', 'services', 'serviceaccounts', 'replicationcontrollers'] })],
      granted: [ask('get', 'pods'), ask('create', 'pods')],
      refused: subresources
        .filter(([group]) => group === '')
        .map(([group, resource, subresource, verb]) => ask(verb, resource, { group, subresource })),
    },
    {
      name: 'one subresource of all resources',
      rules: [rule('get', '*/scale', { apiGroups: ['*'] })],
      granted: [
        ask('get', 'deployments', { group: 'apps', subresource: 'scale' }),
        ask('get', 'replicationcontrollers', { subresource: 'scale' }),
      ],
      refused: [
        ask('get', 'deployments', { group: 'apps' }),
        ask('get', 'deployments', { group: 'apps', subresource: 'status' }),
        ask('patch', 'deployments', { group: 'apps', subresource: 'scale' }),
      ],
    },
    {
      name: 'a WebSocket into a pod with a right to read',
      rules: [rule('get', 'pods', { verbs: ['get', 'list', 'watch'], resources: ['pods/exec', 'pods/attach', 'pods/portforward'] })],
      granted: [],
      refused: ['exec', 'attach', 'portforward'].map(subresource => ask('create', 'pods', { subresource, by: 'GET' })),
    },
    {
      name: 'apply of what is missing with a right to patch',
      rules: [rule('patch', 'configmaps')],
      granted: [ask('patch', 'configmaps')],
      refused: [
        ask('create', 'configmaps', { name: 'a', by: 'apply', body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } } }),
      ],
    },
    {
      name: 'one name',
      rules: [named],
      granted: [
        ask('get', 'configmaps'),
        ask('patch', 'configmaps'),
        ask('list', 'configmaps', byName('a')),
        ask('watch', 'configmaps', byName('a')),
      ],
      refused: [
        ...all.filter(verb => !isOfMany(verb)).map(verb => ask(verb, 'configmaps', { name: 'b' })),
        ...all.filter(isOfMany).map(verb => ask(verb, 'configmaps')),
        ask('list', 'configmaps', byName('b')),
        ask('list', 'configmaps', { query: 'labelSelector=metadata.name%3Da' }),
        ask('list', 'configmaps', { query: 'fieldSelector=metadata.name%21%3Da' }),
        ask('get', 'configmaps', { name: 'aa' }),
        ask('get', 'secrets'),
      ],
    },
    {
      name: 'one name, its subresource',
      rules: [rule('get', 'pods/log', { resourceNames: ['a'] })],
      granted: [ask('get', 'pods', { subresource: 'log' })],
      refused: [ask('get', 'pods', { subresource: 'log', name: 'b' }), ask('get', 'pods')],
    },
    {
      // More combinations than words: an index may treat it in another way than a narrow rule.
      name: 'a rule with many combinations',
      rules: [
        {
          verbs: ['get', 'list', 'update', 'patch', 'delete'],
          apiGroups: ['', 'batch', 'bulkhead-prove.invalid'],
          resources: ['configmaps', 'secrets', 'services', 'deployments', 'jobs'],
          resourceNames: ['a', 'c', 'd'],
        },
      ],
      granted: [
        ask('get', 'configmaps'),
        ask('list', 'configmaps', byName('a')),
        ask('patch', 'secrets', { name: 'c' }),
        ask('get', 'jobs', { group: 'batch' }),
      ],
      refused: [
        ask('get', 'configmaps', { name: 'b' }),
        ask('list', 'configmaps'),
        ask('list', 'configmaps', byName('b')),
        ask('get', 'deployments', { group: 'apps' }),
        ask('get', 'services', { subresource: 'status' }),
        ask('get', 'serviceaccounts'),
      ],
    },
    {
      name: 'one group',
      rules: [rule('list', 'events'), rule('list', 'deployments')],
      granted: [ask('list', 'events')],
      refused: [ask('list', 'events', { group: 'events.k8s.io' }), ask('list', 'deployments', { group: 'apps' })],
    },
    {
      name: 'all versions of a group',
      rules: [rule('list', 'horizontalpodautoscalers', { apiGroups: ['autoscaling'] })],
      granted: ['v1', 'v2'].map(version => ask('list', 'horizontalpodautoscalers', { group: 'autoscaling', version })),
      refused: [ask('list', 'horizontalpodautoscalers', { group: '', version: 'v1' })],
    },
    {
      name: 'one namespace',
      rules: [rule('get', 'configmaps', { verbs: [...all] })],
      granted: [ask('list', 'configmaps')],
      refused: [
        ask('list', 'configmaps', { namespace: second }),
        ask('get', 'configmaps', { namespace: second }),
        ask('create', 'configmaps', { namespace: second }),
        ask('list', 'configmaps', { namespace: '' }),
        ask('watch', 'configmaps', { namespace: '' }),
      ],
    },
    {
      name: 'a ClusterRole that is bound in one namespace',
      bound: 'ClusterRole in the namespace',
      rules: [
        { verbs: [...all], apiGroups: [''], resources: ['configmaps', 'nodes', 'namespaces', 'persistentvolumes'] },
        { verbs: ['get'], nonResourceURLs: ['*'] },
      ],
      granted: [ask('list', 'configmaps')],
      refused: [
        ask('list', 'configmaps', { namespace: second }),
        ask('list', 'configmaps', { namespace: '' }),
        ask('list', 'nodes', { namespace: '' }),
        ask('list', 'namespaces', { namespace: '' }),
        ask('list', 'persistentvolumes', { namespace: '' }),
        url('/metrics'),
      ],
    },
    {
      name: 'a Role with rules for the cluster',
      rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
      granted: [ask('list', 'secrets'), ask('get', 'pods', { subresource: 'log' })],
      refused: [
        ask('list', 'secrets', { namespace: second }),
        ask('list', 'nodes', { namespace: '' }),
        ask('list', 'secrets', { namespace: '' }),
        url('/metrics'),
      ],
    },
    {
      name: 'a ClusterRole that is bound everywhere',
      bound: 'ClusterRole',
      rules: [rule('list', 'configmaps')],
      granted: [ask('list', 'configmaps'), ask('list', 'configmaps', { namespace: second }), ask('list', 'configmaps', { namespace: '' })],
      refused: [ask('list', 'secrets', { namespace: '' }), ask('get', 'configmaps', { namespace: second })],
    },
    {
      name: 'one URL',
      bound: 'ClusterRole',
      rules: [{ verbs: ['get'], nonResourceURLs: ['/bulkhead-prove/a', '/bulkhead-prove/*/middle'] }],
      granted: [url('/bulkhead-prove/a')],
      refused: [
        url('/bulkhead-prove/a', 'post'),
        url('/bulkhead-prove/a/b'),
        url('/bulkhead-prove/ab'),
        url('/bulkhead-prove'),
        url('/bulkhead-prove/b/middle'),
        url('/metrics'),
        ask('list', 'namespaces', { namespace: '' }),
      ],
    },
    {
      name: 'URLs with a beginning',
      bound: 'ClusterRole',
      rules: [{ verbs: ['get'], nonResourceURLs: ['/bulkhead-prove/b/*'] }],
      granted: [url('/bulkhead-prove/b/c'), url('/bulkhead-prove/b/c/d')],
      refused: [url('/bulkhead-prove/b'), url('/bulkhead-prove/bc'), url('/bulkhead-prove/a'), url('/bulkhead-prove/b/c', 'post')],
    },
    {
      name: 'a group',
      subject: 'group',
      rules: [rule('list', 'configmaps')],
      granted: [ask('list', 'configmaps')],
      refused: [ask('list', 'configmaps', { namespace: second })],
    },
    {
      name: 'a user with the name of a group',
      subject: 'user with the name of a group',
      rules: [rule('list', 'configmaps')],
      granted: [],
      refused: [ask('list', 'configmaps')],
    },
    {
      name: 'an account of another namespace',
      subject: 'account of the second namespace',
      rules: [rule('list', 'configmaps')],
      granted: [ask('list', 'configmaps')],
      refused: [ask('list', 'configmaps', { namespace: second })],
    },
    {
      name: 'an account of another namespace, for one of its name',
      subject: 'account of the second namespace with the name of one of the first',
      rules: [rule('list', 'configmaps')],
      granted: [],
      refused: [ask('list', 'configmaps')],
    },
    {
      name: 'view',
      rules: 'view',
      granted: [ask('list', 'pods'), ask('get', 'pods', { subresource: 'log' }), ask('list', 'configmaps')],
      refused: [
        ...all.map(verb => ask(verb, 'secrets')),
        ...(['create', 'update', 'patch', 'delete', 'deletecollection'] as const).map(verb => ask(verb, 'pods')),
        ...['exec', 'attach', 'portforward', 'eviction'].map(subresource => ask('create', 'pods', { subresource })),
        ask('create', 'serviceaccounts', { subresource: 'token' }),
        ask('list', 'roles', { group: rbac }),
        ask('list', 'pods', { namespace: second }),
      ],
    },
    {
      name: 'edit',
      rules: 'edit',
      granted: [ask('create', 'pods'), ask('get', 'secrets'), ask('create', 'configmaps')],
      refused: [
        ...all.flatMap(verb => [ask(verb, 'roles', { group: rbac }), ask(verb, 'rolebindings', { group: rbac })]),
        ask('create', 'pods', { subresource: 'binding' }),
        ask('update', 'resourcequotas'),
        ask('create', 'limitranges'),
        ask('create', 'podsecurityexceptions', { group: 'bulkhead.dev', version: 'v1alpha1' }),
        ...(['create', 'update', 'delete'] as const).map(verb =>
          ask(verb, 'denyrules', { group: 'bulkhead.dev', version: 'v1alpha1', namespace: '' }),
        ),
        ask('update', 'namespaces', { namespace: '', name: first }),
        ask('get', 'secrets', { namespace: second }),
      ],
    },
    {
      name: 'admin',
      rules: 'admin',
      granted: [ask('create', 'rolebindings', { group: rbac }), ask('create', 'pods')],
      refused: [
        ask('update', 'resourcequotas'),
        ask('patch', 'resourcequotas'),
        ask('delete', 'limitranges'),
        ask('create', 'podsecurityexceptions', { group: 'bulkhead.dev', version: 'v1alpha1' }),
        ...(['create', 'update', 'delete'] as const).map(verb =>
          ask(verb, 'denyrules', { group: 'bulkhead.dev', version: 'v1alpha1', namespace: '' }),
        ),
        ask('create', 'pods', { subresource: 'binding' }),
        ask('list', 'nodes', { namespace: '' }),
        ask('create', 'rolebindings', { group: rbac, namespace: second }),
        ask('create', 'clusterrolebindings', { group: rbac, namespace: '' }),
      ],
    },
    {
      name: 'a group with the name of a user',
      subject: 'group with the name of the user',
      rules: [rule('list', 'configmaps')],
      granted: [],
      refused: [ask('list', 'configmaps')],
    },
  ]
}
