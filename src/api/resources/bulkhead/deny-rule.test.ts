import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DenyRule, DenyRuleSpec } from '../../types/bulkhead-v1alpha1.ts'
import { denyRule, maxDenyRule } from './deny-rule.ts'

const apiGroup = 'rbac.authorization.k8s.io'
const dev = { kind: 'Group', apiGroup, name: 'dev' }
const rule = { verbs: ['create'], apiGroups: [''], resources: ['pods/exec'] }
const good: DenyRuleSpec = { reason: 'no shells', subjects: [dev], namespaces: ['production'], rules: [rule] }
const many = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one)

const rows: readonly [name: string, more: Partial<DenyRuleSpec>, fields: string[]][] = [
  ['takes a whole one', {}, []],
  ['refuses no reason', { reason: ' ' }, ['spec.reason']],
  ['refuses a reason beyond the bound', { reason: 'x'.repeat(maxDenyRule.reasonCharacters + 1) }, ['spec.reason']],
  ['refuses no subject', { subjects: [] }, ['spec.subjects']],
  ['refuses an unknown kind of subject', { subjects: [{ kind: 'Robot', name: 'r' }] }, ['spec.subjects[0].kind']],
  [
    'refuses an account without a namespace',
    { exceptSubjects: [{ kind: 'ServiceAccount', name: 'r' }] },
    ['spec.exceptSubjects[0].namespace'],
  ],
  ['refuses too many subjects', { subjects: many(maxDenyRule.subjects + 1, dev) }, ['spec.subjects']],
  ['refuses an empty list of namespaces', { namespaces: [] }, ['spec.namespaces']],
  ['refuses what is no namespace', { namespaces: ['*'] }, ['spec.namespaces[0]']],
  [
    'refuses too many namespaces',
    { namespaces: Array.from({ length: maxDenyRule.namespaces + 1 }, (_, at) => `n${at}`) },
    ['spec.namespaces'],
  ],
  ['refuses no rule', { rules: [] }, ['spec.rules']],
  ['refuses a rule without verbs', { rules: [{ ...rule, verbs: [] }] }, ['spec.rules[0].verbs']],
  ['refuses too many rules', { rules: many(maxDenyRule.rules + 1, rule) }, ['spec.rules']],
  ['refuses too many words', { rules: [{ ...rule, resourceNames: many(maxDenyRule.words, 'a') }] }, ['spec.rules[0]']],
  ['refuses paths in namespaces', { rules: [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }] }, ['spec.rules[0].nonResourceURLs']],
]
for (const [name, more, fields] of rows) {
  test(`denyRule ${name}`, () => {
    const object = { metadata: { name: 'a' }, spec: { ...good, ...more } } satisfies DenyRule
    assert.deepEqual(
      denyRule.validate?.(object)?.map(({ field }) => field),
      fields,
    )
  })
}

test('denyRule fills in the group of users and groups', () => {
  const object: DenyRule = { metadata: { name: 'a' }, spec: { ...good, subjects: [{ kind: 'Group', name: 'dev' }] } }
  denyRule.setDefaults?.(object)
  assert.deepEqual(object.spec.subjects, [dev])
})
