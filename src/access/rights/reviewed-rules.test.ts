import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MissingRole } from '../authorizers/rbac.ts'
import { indexRules } from '../rules/rule-index.ts'
import { maxReviewed, reviewedRules } from './reviewed-rules.ts'

const noDenyRules = { concerning: () => [] }

const rules = [
  { verbs: ['get'], apiGroups: [''], resources: ['pods'] },
  { verbs: ['get'], nonResourceURLs: ['/x'] },
]
const rbac = (listed: readonly MissingRole[], roles = [indexRules(rules)]) => ({
  rolesFor: () => ({ roles, missing: { listed, more: 0 }, truncated: false }),
})

test('reviewedRules() is complete if roles are missing, and names them', () => {
  const of = (missing: readonly MissingRole[]) => {
    const { incomplete, evaluationError } = reviewedRules([], rbac(missing), noDenyRules, { name: 'u', groups: [] }, 'n')
    return [incomplete, evaluationError]
  }
  assert.deepEqual(of([]), [false, undefined])
  const [a, b] = [{ kind: 'Role', name: 'a' } as const, { kind: 'ClusterRole', name: 'b' } as const]
  assert.deepEqual(of([a]), [false, 'role.rbac.authorization.k8s.io "a" not found'])
  const both = '[role.rbac.authorization.k8s.io "a" not found, clusterrole.rbac.authorization.k8s.io "b" not found]'
  assert.deepEqual(of([a, b]), [false, both])
})

test('reviewedRules() of a node is not complete', () => {
  const { incomplete, evaluationError } = reviewedRules(
    [],
    rbac([{ kind: 'Role', name: 'a' }]),
    noDenyRules,
    { name: 'system:node:n', groups: ['system:nodes'] },
    '',
  )
  const why = '[node authorizer does not support user rule resolution, role.rbac.authorization.k8s.io "a" not found]'
  assert.deepEqual([incomplete, evaluationError], [true, why])
})

test('reviewedRules() separates rules about resources from rules about paths', () => {
  const { resourceRules, nonResourceRules } = reviewedRules([], rbac([]), noDenyRules, { name: 'u', groups: [] }, 'n')
  assert.deepEqual([resourceRules, nonResourceRules], [[rules[0]], [rules[1]]])
})

test('reviewedRules() is incomplete for a user that a webhook authorizes', () => {
  const webhook = { name: 'w', ask: () => assert.fail('rules are not requested') }
  const of = (name: string) => {
    const { incomplete, evaluationError } = reviewedRules([webhook], rbac([]), noDenyRules, { name, groups: [] }, 'n')
    return [incomplete, evaluationError]
  }
  assert.deepEqual(of('ann'), [true, 'webhook authorizer does not support user rule resolution'])
  assert.deepEqual(of('system:kube-scheduler'), [false, undefined])
})

const ann = { name: 'ann', groups: [] }
const readers = (count: number, padding = '') =>
  Array.from({ length: count }, (_, at) => ({ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: [`n${at}${padding}`] }))

test('reviewedRules() lists equal rules of different roles once', () => {
  const roles = [indexRules(readers(10)), indexRules(readers(20)), indexRules(rules)]
  const { resourceRules, incomplete } = reviewedRules([], rbac([], roles), noDenyRules, ann, 'n')
  assert.deepEqual([resourceRules.length, incomplete], [21, false])
})

const large = [
  { name: 'of many rules', roles: [indexRules(readers(maxReviewed.rules + 1))], listed: maxReviewed.rules },
  { name: 'of long rules', roles: [indexRules(readers(100, 'x'.repeat(30_000)))], listed: 34 },
  { name: 'that have the same rules', roles: Array.from({ length: 100 }, () => indexRules(readers(4500))), listed: 4500 },
]
for (const { name, roles, listed } of large) {
  test(`reviewedRules() of roles ${name} lists no more than its limits, and reports that`, () => {
    const { resourceRules, incomplete, evaluationError } = reviewedRules([], rbac([], roles), noDenyRules, ann, 'n')
    assert.deepEqual([resourceRules.length, incomplete], [listed, true])
    assert.equal(evaluationError, `only the first ${listed} rules are listed: the roles of the user have more than a review shows`)
    assert.ok(JSON.stringify(resourceRules).length < 2 * maxReviewed.characters)
  })
}
