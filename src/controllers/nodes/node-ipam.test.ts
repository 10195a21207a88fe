import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodes } from '../../client/resources.ts'
import { startScenario } from '../scenario.testing.ts'
import { nextRange, nodeIpam } from './node-ipam.ts'

const rows: [string, string, number, string[], string | undefined][] = [
  ['the first', '10.244.0.0/16', 24, [], '10.244.0.0/24'],
  ['the first gap', '10.244.0.0/16', 24, ['10.244.0.0/24', '10.244.2.0/24'], '10.244.1.0/24'],
  ['beside a larger one', '10.244.0.0/16', 24, ['10.244.0.0/22'], '10.244.4.0/24'],
  ['none left', '10.0.0.0/30', 31, ['10.0.0.0/31', '10.0.0.2/31'], undefined],
  ['high addresses', '250.0.0.0/8', 24, [], '250.0.0.0/24'],
]
for (const [name, cluster, size, used, want] of rows)
  test(`nextRange(): ${name}`, () => assert.equal(nextRange(cluster, size, new Set(used)), want))

test('nextRange() rejects an invalid cluster range', () => {
  for (const cluster of ['10.0.0.0/25', 'fd00::/48', '10.0.0.0']) assert.throws(() => nextRange(cluster, 24, new Set()), /Cannot divide/)
})

test('nodeIpam assigns each node its own range and skips nodes that have one', async () => {
  await using scenario = startScenario({ controllers: [nodeIpam] })
  const { api } = scenario
  api.seed(nodes, { metadata: { name: 'own' }, spec: { podCIDR: '10.244.0.0/24', podCIDRs: ['10.244.0.0/24'] } })
  for (const name of ['a', 'b', 'c']) api.seed(nodes, { metadata: { name }, spec: {} })
  await scenario.until(() => api.all(nodes).every(({ spec }) => spec?.podCIDR !== undefined), 'all have ranges')
  assert.deepEqual(
    api
      .all(nodes)
      .map(({ spec }) => spec?.podCIDR)
      .sort(),
    ['10.244.0.0/24', '10.244.1.0/24', '10.244.2.0/24', '10.244.3.0/24'],
  )
})
