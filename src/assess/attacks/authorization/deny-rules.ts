// One DenyRule at a time, for a team whose members may do everything: what it refuses, and what is one step beyond it.
import type { DenyRuleSpec } from '../../../api/types/bulkhead-v1alpha1.ts'
import type { PolicyRule } from '../../../api/types/rbac-v1.ts'
import type { Ask, ResourceAsk } from './ask.ts'
import type { CaseNamespaces } from './grants.ts'

export interface DenialCase extends Pick<DenyRuleSpec, 'namespaces' | 'rules'> {
  readonly name: string
  readonly refused: readonly Ask[]
  readonly allowed: readonly Ask[]
}

const isOfMany = (verb: ResourceAsk['verb']): boolean =>
  verb === 'list' || verb === 'watch' || verb === 'create' || verb === 'deletecollection'

export function denialCases({ first, second }: CaseNamespaces): readonly DenialCase[] {
  const ask = (verb: ResourceAsk['verb'], resource: string, more: Partial<ResourceAsk> = {}): ResourceAsk => ({
    ...{ verb, group: '', version: 'v1', resource, subresource: '', namespace: first },
    ...{ name: isOfMany(verb) && (more.subresource ?? '') === '' ? '' : 'a' },
    ...more,
  })
  const rule = (verbs: string[], resources: string[], more: Partial<PolicyRule> = {}): PolicyRule => ({
    ...{ verbs, apiGroups: [''], resources },
    ...more,
  })
  const byName = (name: string) => ({ query: `fieldSelector=metadata.name%3D${name}` })
  const everywhere = { namespace: '', name: '' }
  const node: Partial<ResourceAsk> = { namespace: '' }
  const deployments = { group: 'apps' }
  const url = (path: string, verb: 'get' | 'post' = 'get'): Ask => ({ verb, url: path })
  return [
    ...(['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'] as const).map(
      (verb, index, all): DenialCase => ({
        name: `only ${verb}`,
        rules: [rule([verb], ['configmaps'])],
        refused: [ask(verb, 'configmaps')],
        allowed: [ask(all[(index + 1) % all.length] ?? verb, 'configmaps'), ask(verb, 'services')],
      }),
    ),
    {
      name: 'the second of two rules',
      rules: [rule(['get'], ['services', 'configmaps']), rule(['list', 'watch'], ['endpoints', 'configmaps'])],
      refused: [ask('get', 'configmaps'), ask('list', 'configmaps'), ask('watch', 'configmaps'), ask('get', 'services')],
      allowed: [ask('list', 'services'), ask('get', 'endpoints'), ask('create', 'configmaps')],
    },
    {
      name: 'one namespace',
      namespaces: [first],
      rules: [rule(['*'], ['*'], { apiGroups: ['*'] })],
      refused: [
        ask('get', 'configmaps'),
        ask('create', 'configmaps'),
        ask('get', 'deployments', deployments),
        ask('list', 'configmaps', everywhere),
        ask('watch', 'configmaps', everywhere),
        ask('get', 'namespaces', { namespace: '', name: first }),
        ask('create', 'pods', { subresource: 'exec' }),
      ],
      allowed: [
        ask('get', 'configmaps', { namespace: second }),
        ask('get', 'namespaces', { namespace: '', name: second }),
        ask('get', 'nodes', node),
        ask('list', 'nodes', everywhere),
        url('/version'),
      ],
    },
    {
      name: 'the second of two namespaces',
      namespaces: ['default', first],
      rules: [rule(['get', 'list'], ['configmaps'])],
      refused: [ask('get', 'configmaps'), ask('list', 'configmaps', everywhere)],
      allowed: [ask('get', 'configmaps', { namespace: second })],
    },
    {
      name: 'one name',
      rules: [rule(['*'], ['configmaps'], { resourceNames: ['x', 'a'] })],
      refused: [
        ask('get', 'configmaps'),
        ask('patch', 'configmaps'),
        ask('delete', 'configmaps'),
        ask('list', 'configmaps'),
        ask('watch', 'configmaps'),
        ask('deletecollection', 'configmaps'),
        ask('list', 'configmaps', everywhere),
        ask('list', 'configmaps', byName('a')),
        ask('list', 'configmaps', { query: 'labelSelector=metadata.name%3Db' }),
        ask('list', 'configmaps', { query: 'fieldSelector=metadata.name%21%3Da' }),
      ],
      allowed: [ask('get', 'configmaps', { name: 'b' }), ask('get', 'configmaps', { name: 'aa' }), ask('list', 'configmaps', byName('b'))],
    },
    {
      name: 'one subresource',
      rules: [rule(['create'], ['pods/exec'])],
      refused: [ask('create', 'pods', { subresource: 'exec' }), ask('create', 'pods', { subresource: 'exec', by: 'GET' })],
      allowed: [ask('get', 'pods'), ask('create', 'pods', { subresource: 'attach' }), ask('create', 'pods')],
    },
    {
      name: 'a resource without its subresources',
      rules: [rule(['*'], ['pods'])],
      refused: [ask('get', 'pods'), ask('create', 'pods')],
      allowed: [ask('get', 'pods', { subresource: 'log' })],
    },
    {
      name: 'one subresource of all resources',
      rules: [rule(['*'], ['*/scale'], { apiGroups: ['*'] })],
      refused: [
        ask('get', 'deployments', { ...deployments, subresource: 'scale' }),
        ask('patch', 'replicationcontrollers', { subresource: 'scale' }),
      ],
      allowed: [ask('get', 'deployments', deployments), ask('get', 'deployments', { ...deployments, subresource: 'status' })],
    },
    {
      name: 'one group',
      rules: [rule(['get'], ['*'], { apiGroups: ['apps'] })],
      refused: [ask('get', 'deployments', deployments), ask('get', 'deployments', { ...deployments, subresource: 'status' })],
      allowed: [ask('get', 'configmaps')],
    },
    {
      name: 'apply of what is missing',
      rules: [rule(['create'], ['configmaps'])],
      refused: [
        ask('create', 'configmaps', { name: 'a', by: 'apply', body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } } }),
      ],
      allowed: [ask('patch', 'configmaps')],
    },
    {
      name: 'a resource of the cluster',
      rules: [rule(['get', 'list'], ['nodes'])],
      refused: [ask('get', 'nodes', node), ask('list', 'nodes', everywhere)],
      allowed: [ask('get', 'configmaps'), ask('patch', 'nodes', node)],
    },
    {
      name: 'one path',
      rules: [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }],
      refused: [url('/metrics')],
      allowed: [url('/version'), url('/metrics', 'post')],
    },
    {
      name: 'the beginning of paths',
      rules: [{ verbs: ['*'], nonResourceURLs: ['/openapi/*'] }],
      refused: [url('/openapi/v2'), url('/openapi/v3')],
      allowed: [url('/version')],
    },
  ]
}

/** Other spellings of a refused path: none may give its page. */
export const otherSpellings = [
  '/metrics/',
  '//metrics',
  '/%6detrics',
  '/metrics%2f',
  '/Metrics',
  '/./metrics',
  '/x/../metrics',
  '/metrics?x',
]
