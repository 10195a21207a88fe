import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MissingRole } from './authorizers/rbac.ts'
import { reviewedRules } from './reviewed-rules.ts'

const rules = [
  { verbs: ['get'], apiGroups: [''], resources: ['pods'] },
  { verbs: ['get'], nonResourceURLs: ['/x'] },
]
const rbac = (missing: readonly MissingRole[]) => ({ rulesFor: () => ({ rules, missing }) })

test('reviewedRules() is complete where roles are missing, and says which', () => {
  const of = (missing: readonly MissingRole[]) => {
    const { incomplete, evaluationError } = reviewedRules([], rbac(missing), { name: 'u', groups: [] }, 'n')
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
    { name: 'system:node:n', groups: ['system:nodes'] },
    '',
  )
  const why = '[node authorizer does not support user rule resolution, role.rbac.authorization.k8s.io "a" not found]'
  assert.deepEqual([incomplete, evaluationError], [true, why])
})

test('reviewedRules() tells rules of resources and of paths apart', () => {
  const { resourceRules, nonResourceRules } = reviewedRules([], rbac([]), { name: 'u', groups: [] }, 'n')
  assert.deepEqual([resourceRules, nonResourceRules], [[rules[0]], [rules[1]]])
})

test('reviewedRules() of whom a webhook is asked about is not complete', () => {
  const webhook = { name: 'w', ask: () => assert.fail('rules are not asked for') }
  const of = (name: string) => {
    const { incomplete, evaluationError } = reviewedRules([webhook], rbac([]), { name, groups: [] }, 'n')
    return [incomplete, evaluationError]
  }
  assert.deepEqual(of('ann'), [true, 'webhook authorizer does not support user rule resolution'])
  assert.deepEqual(of('system:kube-scheduler'), [false, undefined])
})
