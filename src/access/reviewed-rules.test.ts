import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reviewedRules } from './reviewed-rules.ts'

const rules = [
  { verbs: ['get'], apiGroups: [''], resources: ['pods'] },
  { verbs: ['get'], nonResourceURLs: ['/x'] },
]
const rbac = (errors: readonly string[]) => ({ rulesFor: () => ({ rules, errors }) })

test('reviewedRules() is complete where roles are missing, and says which', () => {
  const of = (errors: readonly string[]) => {
    const { incomplete, evaluationError } = reviewedRules(rbac(errors), { name: 'u', groups: [] }, 'n')
    return [incomplete, evaluationError]
  }
  assert.deepEqual(of([]), [false, undefined])
  assert.deepEqual(of(['a']), [false, 'a'])
  assert.deepEqual(of(['a', 'b']), [false, '[a, b]'])
})

test('reviewedRules() tells rules of resources and of paths apart, and adds those of administrators', () => {
  const { resourceRules, nonResourceRules } = reviewedRules(rbac([]), { name: 'u', groups: ['system:masters'] }, 'n')
  assert.deepEqual(resourceRules, [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, rules[0]])
  assert.deepEqual(nonResourceRules, [{ verbs: ['*'], nonResourceURLs: ['*'] }, rules[1]])
})
