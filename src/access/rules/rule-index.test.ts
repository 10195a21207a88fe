import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Attributes } from '../access.ts'
import type { PolicyRule } from './rbac-object.ts'
import { anySteps, indexRules, type Right } from './rule-index.ts'
import { ruleAllows } from './rule-match.ts'

const some = (values: string[]) => fc.subarray(values, { minLength: 1 })
const names = fc.option(fc.subarray(['', 'a', 'b', 'c', 'd']), { nil: undefined })
const resourceRule = fc.record({
  verbs: some(['get', 'list', 'watch', 'create', '*']),
  apiGroups: some(['', 'apps', 'batch', 'x', '*']),
  resources: some(['pods', 'pods/log', 'deployments', '*/log', '*']),
  resourceNames: names,
})
const urlRule = fc.record({ verbs: some(['get', 'list', '*']), nonResourceURLs: some(['/api', '/api/*', '/metrics', '/a*', '*']) })
const rules = fc.array(fc.oneof({ weight: 5, arbitrary: resourceRule }, { weight: 1, arbitrary: urlRule }), { maxLength: 5 })
const user = { name: 'ann', groups: [] }

test('indexRules() allows what one of its rules allows', () => {
  const request = fc.record({
    verb: fc.constantFrom('get', 'list', 'delete', '*'),
    isResource: fc.boolean(),
    group: fc.constantFrom('', 'apps', 'other'),
    resource: fc.constantFrom('pods', 'deployments'),
    subresource: fc.constantFrom('', 'log'),
    name: fc.constantFrom('', 'a', 'e'),
    path: fc.constantFrom('/api', '/api/v1', '/metrics', '/x'),
  })
  let allowed = 0
  fc.assert(
    fc.property(rules, fc.array(request, { minLength: 30, maxLength: 30 }), (list, requests) => {
      const index = indexRules(list)
      for (const asked of requests) {
        const attributes: Attributes = { user, version: 'v1', namespace: 'n', ...asked }
        const expected = list.some(rule => ruleAllows(rule, attributes))
        if (expected) allowed++
        assert.equal(index.allows(attributes, anySteps()), expected)
      }
    }),
    { numRuns: 1000 },
  )
  assert.ok(allowed > 3000 && allowed < 27_000, `both outcomes occur: ${allowed} of 30000 allowed`)
})

const has = (list: readonly string[] | undefined, word: string) => list?.includes('*') || list?.includes(word) || false

function naiveCovers(rule: PolicyRule, { verb, group, resource, name }: Right): boolean {
  const slash = resource.indexOf('/')
  const ofAll = slash !== -1 && (rule.resources?.includes(`*${resource.slice(slash)}`) ?? false)
  const named = rule.resourceNames ?? []
  const isNamed = named.length === 0 || (name !== undefined && named.includes(name))
  return has(rule.verbs, verb) && has(rule.apiGroups, group) && (has(rule.resources, resource) || ofAll) && isNamed
}

test('indexRules() covers a right if one of its rules does, and `*` only with `*`', () => {
  const right = fc.record({
    verb: fc.constantFrom('get', 'delete', '*'),
    group: fc.constantFrom('', 'other', '*'),
    resource: fc.constantFrom('pods', 'pods/log', 'deployments/log', '*/log', '*'),
    name: fc.constantFrom(undefined, '', 'a', 'e'),
  })
  let covered = 0
  fc.assert(
    fc.property(rules, fc.array(right, { minLength: 30, maxLength: 30 }), (list, rights) => {
      const index = indexRules(list)
      for (const asked of rights) {
        const expected = list.some(rule => naiveCovers(rule, asked))
        if (expected) covered++
        assert.equal(index.covers(asked, anySteps()), expected)
      }
    }),
    { numRuns: 1000 },
  )
  assert.ok(covered > 3000 && covered < 27_000, `both outcomes occur: ${covered} of 30000 covered`)
})

test('indexRules() covers a beginning of paths by itself and by a shorter one', () => {
  const index = indexRules([{ verbs: ['get'], nonResourceURLs: ['/api/*', '/metrics'] }])
  const covers = (url: string) => index.coversUrl('get', url, anySteps())
  assert.deepEqual(['/api/*', '/api/v1/*', '/api/v1', '/metrics', '/metrics/*', '/*', '*'].map(covers), [
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ])
  assert.equal(index.coversUrl('list', '/metrics', anySteps()), false)
  assert.equal(indexRules([{ verbs: ['*'], nonResourceURLs: ['*'] }]).coversUrl('*', '*', anySteps()), true)
})

test('indexRules() looks up the rules of a name each, and compares none', () => {
  const list = Array.from({ length: 4500 }, (_, at) => ({
    verbs: ['get'],
    apiGroups: [''],
    resources: ['pods'],
    resourceNames: [`n${at}`],
  }))
  const steps = { left: 1 }
  const right = { verb: 'get', group: '', resource: 'pods', name: 'n4499' }
  assert.equal(indexRules(list).covers(right, steps), true)
  assert.equal(steps.left, 0)
})
