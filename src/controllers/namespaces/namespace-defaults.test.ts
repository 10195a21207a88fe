import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultsAnnotation } from '../../api/resources/bulkhead/cluster-defaults.ts'
import { clusterDefaults, limitRanges, namespaces, networkPolicies, resourceQuotas, serviceAccounts } from '../../client/resources.ts'
import { startScenario } from '../scenario.testing.ts'
import { serviceAccount } from '../service-account.ts'
import { defaultObjects, namespaceDefaults } from './namespace-defaults.ts'

const hard = { pods: '5' }
const defaults = {
  metadata: { name: 'cluster' },
  spec: {
    namespaces: {
      network: { defaultDeny: true, allowDNS: true },
      resourceQuota: { hard },
      limitRange: { limits: [{ type: 'Container', default: { cpu: '1' } }] },
    },
  },
}
const namespace = (name: string, annotations = {}) => ({ metadata: { name, annotations }, spec: {} })
const pending = { [defaultsAnnotation]: 'pending' }

test('namespaceDefaults creates quota, limits and network policies of a new namespace before its account, and skips other namespaces', async () => {
  await using scenario = startScenario({
    controllers: [namespaceDefaults, serviceAccount],
    prepare(api) {
      api.seed(clusterDefaults, defaults)
      api.seed(namespaces, namespace('new', pending))
      api.seed(namespaces, namespace('old'))
    },
  })
  const { api, until } = scenario
  await until(() => api.all(serviceAccounts).length === 2, 'both accounts')
  assert.deepEqual(
    api.all(resourceQuotas).map(({ metadata, spec }) => [metadata.namespace, metadata.name, spec.hard]),
    [['new', 'default', hard]],
  )
  assert.deepEqual(
    api.all(limitRanges).map(({ metadata }) => metadata.namespace),
    ['new'],
  )
  assert.deepEqual(
    api.all(networkPolicies).map(({ metadata, spec }) => [metadata.namespace, metadata.name, spec.policyTypes]),
    [
      ['new', 'default-deny', ['Ingress', 'Egress']],
      ['new', 'allow-dns', ['Egress']],
    ],
  )
  assert.equal(api.all(namespaces).find(({ metadata }) => metadata.name === 'new')?.metadata.annotations?.[defaultsAnnotation], 'applied')
})

test('namespaceDefaults keeps existing objects of the names, and without ClusterDefaults only marks the namespace', async () => {
  const own = { metadata: { name: 'default', namespace: 'new' }, spec: { hard: { pods: '1' } } }
  await using scenario = startScenario({
    controllers: [namespaceDefaults],
    prepare(api) {
      api.seed(resourceQuotas, own)
      api.seed(clusterDefaults, defaults)
      api.seed(namespaces, namespace('new', pending))
    },
  })
  const { api, until } = scenario
  const applied = (name: string) =>
    api.all(namespaces).some(({ metadata }) => metadata.name === name && metadata.annotations?.[defaultsAnnotation] === 'applied')
  await until(() => applied('new'), 'new is marked')
  assert.deepEqual(api.all(resourceQuotas)[0]?.spec.hard, { pods: '1' })
  api.remove(clusterDefaults, '', 'cluster')
  api.seed(namespaces, namespace('later', pending))
  await until(() => applied('later'), 'later is marked')
  assert.equal(api.all(limitRanges).length, 1)
})

test('defaultObjects() creates no policy that allows DNS unless everything else is denied', () => {
  assert.deepEqual(defaultObjects({ network: { defaultDeny: false, allowDNS: true } }, 'n').policies, [])
  assert.deepEqual(defaultObjects({}, 'n').policies, [])
  const { policies } = defaultObjects({ network: { defaultDeny: true, allowDNS: false } }, 'n')
  assert.deepEqual(
    policies.map(({ metadata }) => metadata.name),
    ['default-deny'],
  )
})
