import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import type { NetworkPolicy } from '../../api/types/networking-v1.ts'
import {
  clusterDefaults,
  clusterRoleBindings,
  endpoints,
  namespaces,
  networkPolicies,
  roleBindings,
  serviceAccounts,
} from '../../client/resources.ts'
import { startScenario } from '../scenario.testing.ts'
import { accessPolicy, apiServerAccess, apiServerPolicy } from './api-server-access.ts'
import { defaultObjects } from './namespace-defaults.ts'

const network = { defaultDeny: true, allowDNS: true, allowAPIServer: true }
const defaults = (allowAPIServer: boolean) => ({
  metadata: { name: 'cluster' },
  spec: { namespaces: { network: { ...network, allowAPIServer } } },
})
const apiServer = {
  metadata: { name: 'kubernetes', namespace: 'default' },
  subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 6443 }] }],
}
const account = (namespace: string, name: string) => ({ metadata: { name, namespace } })
const binding = (name: string, namespace: string | undefined, subjects: object[]) => ({
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
  subjects,
})
const robot = { kind: 'ServiceAccount', name: 'robot', namespace: 'team' }

const scenarioOf = () =>
  startScenario({
    controllers: [apiServerAccess],
    prepare(api) {
      api.seed(clusterDefaults, defaults(true))
      api.seed(endpoints, apiServer as never)
      for (const name of ['team', 'open']) api.seed(namespaces, { metadata: { name }, spec: {} })
      for (const policy of defaultObjects({ network }, 'team').policies) api.seed(networkPolicies, policy)
      for (const name of ['default', 'robot', 'other']) api.seed(serviceAccounts, account('team', name))
      api.seed(serviceAccounts, account('open', 'robot'))
      api.seed(roleBindings, binding('b', 'team', [robot, robot, { kind: 'User', name: 'ann' }]) as never)
      api.seed(roleBindings, binding('b', 'open', [{ kind: 'ServiceAccount', name: 'robot' }]) as never)
    },
  })

const valuesOf = (policy: NetworkPolicy | undefined) => policy?.spec?.podSelector?.matchExpressions?.[0]?.values

test('apiServerAccess allows accounts with a right where everything is denied, and follows their rights', async () => {
  await using scenario = scenarioOf()
  const { api, until } = scenario
  const policy = () => api.all(networkPolicies).find(({ metadata }) => metadata.name === apiServerPolicy)
  await until(() => policy() !== undefined, 'the policy')
  assert.deepEqual(policy()?.spec, {
    podSelector: { matchExpressions: [{ key: 'bulkhead.dev/service-account', operator: 'In', values: ['robot'] }] },
    policyTypes: ['Egress'],
    egress: [{ to: [{ ipBlock: { cidr: '192.0.2.1/32' } }], ports: [{ protocol: 'TCP', port: 6443 }] }],
  })
  assert.equal(policy()?.metadata.namespace, 'team')
  api.seed(clusterRoleBindings, binding('c', undefined, [{ ...robot, name: 'other' }]) as never)
  await until(() => valuesOf(policy())?.join() === 'other,robot', 'the second account')
  api.seed(clusterRoleBindings, binding('d', undefined, [{ kind: 'Group', name: 'system:serviceaccounts:team' }]) as never)
  await until(() => policy()?.spec?.podSelector?.matchExpressions === undefined, 'all pods')
  api.change(clusterDefaults, '', 'cluster', object => Object.assign(object, defaults(false)))
  await until(() => policy() === undefined, 'no policy')
  // An allow policy would close a namespace that denies nothing.
  assert.deepEqual(
    api.all(networkPolicies).filter(({ metadata }) => metadata.namespace === 'open'),
    [],
  )
})

test("apiServerAccess leaves another author's policy of its name alone", async () => {
  await using scenario = scenarioOf()
  const { api, until } = scenario
  await until(() => api.all(networkPolicies).length === 3, 'the policy')
  const own = { metadata: { name: apiServerPolicy, namespace: 'open' }, spec: { podSelector: {} } }
  api.seed(networkPolicies, own as KubeObject as NetworkPolicy)
  for (const policy of defaultObjects({ network }, 'open').policies) api.seed(networkPolicies, policy)
  api.seed(roleBindings, binding('e', 'team', [{ ...robot, name: 'other' }]) as never)
  await until(
    () =>
      valuesOf(api.all(networkPolicies).find(({ metadata }) => metadata.namespace === 'team' && metadata.name === apiServerPolicy))
        ?.length === 2,
    'the other namespace',
  )
  assert.deepEqual(
    api.all(networkPolicies).find(({ metadata }) => metadata.namespace === 'open' && metadata.name === apiServerPolicy)?.spec,
    { podSelector: {} },
  )
})

test('apiServerAccess allows nothing for RoleBindings of other namespaces, for any subject', async () => {
  await using scenario = scenarioOf()
  const { api, until } = scenario
  const policies = () => api.all(networkPolicies).filter(({ metadata }) => metadata.name === apiServerPolicy)
  await until(() => policies().length === 1, 'the policy')
  for (const policy of defaultObjects({ network }, 'open').policies) api.seed(networkPolicies, policy)
  await until(() => policies().length === 2, 'the policy of the other namespace')
  const group = (name: string) => ({ kind: 'Group', name })
  const subjects = [
    { kind: 'ServiceAccount', name: 'other', namespace: 'team' },
    { kind: 'User', name: 'system:serviceaccount:team:other' },
    ...['system:serviceaccounts:team', 'system:serviceaccounts', 'system:authenticated'].map(group),
  ]
  api.seed(roleBindings, binding('greedy', 'open', subjects) as never)
  const ofOpen = () => policies().find(({ metadata }) => metadata.namespace === 'open')
  await until(() => ofOpen()?.spec?.podSelector?.matchExpressions === undefined, 'all pods of its own namespace')
  // A later change that shows that the earlier one was processed.
  api.seed(serviceAccounts, account('team', 'third'))
  api.seed(clusterRoleBindings, binding('c', undefined, [{ ...robot, name: 'third' }]) as never)
  const ofTeam = () => valuesOf(policies().find(({ metadata }) => metadata.namespace === 'team'))?.join()
  await until(() => ofTeam() !== 'robot', 'the third account')
  assert.equal(ofTeam(), 'robot,third')
})

test('accessPolicy() is undefined without an account, or without an address of the API server', () => {
  assert.equal(accessPolicy([], apiServer as never), undefined)
  assert.equal(accessPolicy(['a'], undefined), undefined)
  assert.equal(accessPolicy(['a'], { ...apiServer, subsets: [] } as never), undefined)
  assert.deepEqual(accessPolicy('all', apiServer as never)?.podSelector, {})
})
