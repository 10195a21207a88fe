import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DenyRuleSpec } from '../../api/types/bulkhead-v1alpha1.ts'
import { compileDenyRule } from '../rules/deny-rule.ts'
import type { PolicyRule } from '../rules/rbac-object.ts'
import { deniedGrant, maxPairsCompared, withoutDenied } from './denied-rights.ts'

const ann = { name: 'ann', groups: [] }
const rule = (verbs: string[], resources: string[], more: Partial<PolicyRule> = {}): PolicyRule => ({
  verbs,
  apiGroups: [''],
  resources,
  ...more,
})
const denying = (rules: PolicyRule[], more: Partial<DenyRuleSpec> = {}, count = 1) => ({
  concerning: () =>
    Array.from({ length: count }, (_, at) =>
      compileDenyRule({ metadata: { name: `r${at}` }, spec: { reason: 'because', subjects: [], rules, ...more } }),
    ),
})

const cuts: readonly [what: string, denied: PolicyRule[], held: PolicyRule[], left: PolicyRule[]][] = [
  [
    'a verb',
    [rule(['get'], ['secrets'])],
    [rule(['get', 'list'], ['pods', 'secrets'])],
    [rule(['get', 'list'], ['pods']), rule(['list'], ['secrets'])],
  ],
  ['every verb', [rule(['*'], ['secrets'])], [rule(['*'], ['secrets'])], []],
  ['a part of every verb stays', [rule(['get'], ['secrets'])], [rule(['*'], ['secrets'])], [rule(['*'], ['secrets'])]],
  ['one name stays', [rule(['get'], ['secrets'], { resourceNames: ['a'] })], [rule(['get'], ['secrets'])], [rule(['get'], ['secrets'])]],
  ['another group stays', [rule(['get'], ['secrets'], { apiGroups: ['x'] })], [rule(['get'], ['secrets'])], [rule(['get'], ['secrets'])]],
  ['a subresource of all', [rule(['create'], ['*/exec'])], [rule(['create'], ['pods/exec', 'pods'])], [rule(['create'], ['pods'])]],
  ['a path', [{ verbs: ['get'], nonResourceURLs: ['/x*'] }], [{ verbs: ['get'], nonResourceURLs: ['/xy'] }], []],
]
for (const [what, denied, held, left] of cuts) {
  test(`withoutDenied(): ${what}`, () => {
    const { rules, note } = withoutDenied(denying(denied), ann, 'a', held)
    assert.deepEqual([rules, note], [left, `DenyRules ["r0"] refuse some of the listed rules' requests`])
  })
}

test('withoutDenied() changes nothing in other namespaces, and names ten', () => {
  const held = [rule(['get'], ['secrets'])]
  assert.deepEqual(withoutDenied(denying(held, { namespaces: ['b'] }), ann, 'a', held), { rules: held, note: undefined })
  assert.match(withoutDenied(denying(held, {}, 12), ann, 'a', held).note ?? '', /"r9"\] and 2 more/)
})

const grants: readonly [what: string, denied: PolicyRule, wanted: PolicyRule, refused: boolean][] = [
  ['the same', rule(['get'], ['secrets']), rule(['get'], ['secrets']), true],
  ['another verb', rule(['get'], ['secrets']), rule(['list'], ['secrets']), false],
  ['every verb', rule(['get'], ['secrets']), rule(['*'], ['secrets']), true],
  ['a subresource by *', rule(['create'], ['pods/exec']), rule(['create'], ['*']), true],
  ['that subresource of all', rule(['create'], ['pods/exec']), rule(['create'], ['*/exec']), true],
  ['another subresource', rule(['create'], ['pods/exec']), rule(['create'], ['*/log']), false],
  ['another name', rule(['get'], ['secrets'], { resourceNames: ['a'] }), rule(['get'], ['secrets'], { resourceNames: ['b'] }), false],
  ['every name', rule(['get'], ['secrets'], { resourceNames: ['a'] }), rule(['get'], ['secrets']), true],
  ['paths', { verbs: ['get'], nonResourceURLs: ['/x'] }, { verbs: ['get'], nonResourceURLs: ['/*'] }, true],
  ['other paths', { verbs: ['get'], nonResourceURLs: ['/x'] }, { verbs: ['get'], nonResourceURLs: ['/y*'] }, false],
]
for (const [what, denied, wanted, refused] of grants) {
  test(`deniedGrant() ${refused ? 'refuses' : 'allows'} ${what}`, () =>
    assert.equal(deniedGrant(denying([denied]), ann, 'a', [wanted]) !== undefined, refused))
}

test('deniedGrant() refuses beyond its limits', () => {
  const [denied, wanted] = [rule(['get'], ['secrets']), rule(['get'], ['pods'])]
  const many = (count: number, one: PolicyRule) => Array.from({ length: count }, () => one)
  assert.equal(deniedGrant(denying(many(50, denied)), ann, 'a', many(maxPairsCompared / 50, wanted)), undefined)
  assert.match(deniedGrant(denying(many(50, denied)), ann, 'a', many(maxPairsCompared / 50 + 1, wanted)) ?? '', /too many/)
  const words = (count: number) => Array.from({ length: count }, (_, at) => `r${at}`)
  assert.match(
    deniedGrant(denying([rule(['get'], words(500))]), ann, 'a', [
      rule(
        ['get'],
        words(5000).map(word => `x${word}`),
      ),
    ]) ?? '',
    /too many/,
  )
})
