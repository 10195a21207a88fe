import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ResourceQuota, ResourceQuotaSpec } from '../../types/core-v1.ts'
import { row, validateNew, validateUpdate } from './new-object.fixture.ts'
import { resourceQuota } from './resource-quota.ts'

const of = (spec: ResourceQuotaSpec): ResourceQuota => ({ metadata: { name: 'a', namespace: 'b' }, spec })
const selector = (scopeName: string, operator: string, values?: string[]): ResourceQuotaSpec => ({
  scopeSelector: { matchExpressions: [{ scopeName, operator, ...(values === undefined ? {} : { values }) }] },
})

describe('ResourceQuota', () => {
  const path = 'spec.scopeSelector.matchExpressions'
  const rows: readonly (readonly [name: string, spec: ResourceQuotaSpec, fields: readonly string[]])[] = [
    ['bounds what can be counted', { hard: { cpu: '1', pods: '2', 'count/x.y': '1', 'requests.example.com/gpu': '1' } }, []],
    ['counts in whole numbers', { hard: { pods: '500m' } }, ['spec.hard[pods]']],
    ['bounds by nothing negative', { hard: { cpu: '-1' } }, ['spec.hard[cpu]']],
    ['knows resources', { hard: { widgets: '1' } }, ['spec.hard[widgets]', 'spec.hard[widgets]']],
    ['knows scopes', { scopes: ['Sometimes'] }, ['spec.scopes']],
    ['bounds best effort by number', { hard: { cpu: '1', pods: '1' }, scopes: ['BestEffort'] }, ['spec.scopes']],
    ['has no contradicting scopes', { scopes: ['Terminating', 'NotTerminating'] }, ['spec.scopes']],
    ['selects classes by value', selector('PriorityClass', 'In', ['high']), []],
    ['wants values', selector('PriorityClass', 'In'), [`${path}.values`]],
    ['wants none where it exists', selector('PriorityClass', 'Exists', ['x']), [`${path}.values`]],
    ['selects other scopes by existence', selector('BestEffort', 'In', ['x']), [`${path}.operator`]],
    ['knows operators', selector('PriorityClass', 'Near'), [`${path}.operator`]],
  ]
  for (const [name, spec, fields] of rows) test(name, () => assert.deepEqual(validateNew(resourceQuota, of(spec)).fields, fields))

  test('keeps its scopes', () => {
    const old = of({ hard: { pods: '1' }, scopes: ['Terminating'] })
    assert.deepEqual(validateUpdate(resourceQuota, old, ({ spec }) => Object.assign(spec ?? {}, { scopes: ['NotTerminating'] })).fields, [
      'spec.scopes',
    ])
    assert.deepEqual(validateUpdate(resourceQuota, old, ({ spec }) => Object.assign(spec ?? {}, { hard: { pods: '5' } })).fields, [])
  })

  test('shows requests and limits separately', () => {
    const status = { hard: { 'limits.cpu': '2', pods: '10', 'requests.cpu': '1' }, used: { pods: '3' } }
    const cells = row(resourceQuota, { ...of({}), status })
    assert.deepEqual([cells['Request'], cells['Limit']], ['pods: 3/10, requests.cpu: 0/1', 'limits.cpu: 0/2'])
  })
})

test('many unsupported scopes are reported in one text', () => {
  let reads = 0
  const scopes = new Proxy(
    Array.from({ length: 100 }, (_, index) => `S${index}`),
    {
      get(target, name, receiver) {
        if (name === '0') reads++
        return Reflect.get(target, name, receiver)
      },
    },
  )
  const errors = resourceQuota.validate?.({ metadata: { name: 'a', namespace: 'b' }, spec: { scopes } }) ?? []
  assert.equal(errors.length, 100)
  assert.ok(reads < 10, `${reads} reads`)
})
