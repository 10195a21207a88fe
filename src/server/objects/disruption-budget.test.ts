import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isReason } from '../../api/status.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/types/policy-v1.ts'
import { allowsUnreadyEviction, covers, withEviction } from './disruption-budget.ts'

const now = Date.UTC(2026, 0, 1)
const budgetOf = (status: Partial<PodDisruptionBudgetStatus>, spec: PodDisruptionBudget['spec'] = {}): PodDisruptionBudget => ({
  metadata: { name: 'b', generation: 2 },
  spec,
  status: { observedGeneration: 2, disruptionsAllowed: 2, currentHealthy: 3, desiredHealthy: 1, expectedPods: 3, ...status },
})

test('withEviction() takes one and notes the pod', () => {
  const { status } = withEviction(budgetOf({ disruptedPods: { a: '2025-12-31T00:00:00Z' } }), 'p', now)
  assert.equal(status?.disruptionsAllowed, 1)
  assert.deepEqual(status?.disruptedPods, { a: '2025-12-31T00:00:00Z', p: '2026-01-01T00:00:00Z' })
  assert.equal(status?.conditions, undefined)
})

test('withEviction() reports the last allowed one', () => {
  const { status } = withEviction(budgetOf({ disruptionsAllowed: 1 }), 'p', now)
  assert.deepEqual(status?.conditions, [
    {
      type: 'DisruptionAllowed',
      status: 'False',
      observedGeneration: 2,
      lastTransitionTime: '2026-01-01T00:00:00Z',
      reason: 'InsufficientPods',
      message: '',
    },
  ])
})

const many = Object.fromEntries(Array.from({ length: 2001 }, (_, index) => [`p${index}`, '2026-01-01T00:00:00Z']))
const failedSync = { type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: 'no owner', lastTransitionTime: null }
const refusals: readonly {
  name: string
  status: Partial<PodDisruptionBudgetStatus>
  reason: 'TooManyRequests' | 'Forbidden'
  text: string
  retry?: number
}[] = [
  {
    name: 'numbers of an older spec',
    status: { observedGeneration: 1 },
    reason: 'TooManyRequests',
    text: 'The disruption budget b is still being processed by the server.',
    retry: 10,
  },
  {
    name: 'nothing left',
    status: { disruptionsAllowed: 0, currentHealthy: 1 },
    reason: 'TooManyRequests',
    text: 'The disruption budget b needs 1 healthy pods and has 1 currently',
  },
  {
    name: 'a controller that failed',
    status: { disruptionsAllowed: 0, conditions: [failedSync] },
    reason: 'TooManyRequests',
    text: 'The disruption budget b does not allow evicting pods currently because it failed sync: no owner',
  },
  {
    name: 'a negative number',
    status: { disruptionsAllowed: -1 },
    reason: 'Forbidden',
    text: 'poddisruptionbudget.policy "b" is forbidden: pdb disruptions allowed is negative',
  },
  {
    name: 'too many evictions that nobody confirmed',
    status: { disruptedPods: many },
    reason: 'Forbidden',
    text: 'poddisruptionbudget.policy "b" is forbidden: DisruptedPods map too big - too many evictions not confirmed by PDB controller',
  },
]
for (const { name, status, reason, text, retry } of refusals) {
  test(`withEviction() refuses at ${name}`, () => {
    assert.throws(
      () => withEviction(budgetOf(status), 'p', now),
      err => {
        if (!isReason(err, reason)) return false
        assert.equal(err.status.details?.causes?.[0]?.message ?? err.status.message, text)
        assert.equal(err.status.details?.retryAfterSeconds, retry)
        return true
      },
    )
  })
}

describe('allowsUnreadyEviction()', () => {
  test('if there are enough without the pod', () => assert.equal(allowsUnreadyEviction(budgetOf({})), true))
  test('not if there are too few', () => assert.equal(allowsUnreadyEviction(budgetOf({ currentHealthy: 0 })), false))
  test('not while the status is unknown', () =>
    assert.equal(allowsUnreadyEviction(budgetOf({ currentHealthy: 0, desiredHealthy: 0 })), false))
  test('always if the budget says so', () => {
    assert.equal(allowsUnreadyEviction(budgetOf({ currentHealthy: 0 }, { unhealthyPodEvictionPolicy: 'AlwaysAllow' })), true)
  })
})

describe('covers()', () => {
  const pod: Pod = { metadata: { labels: { app: 'a' } }, spec: { containers: [] } }
  test('by labels', () => assert.equal(covers(budgetOf({}, { selector: { matchLabels: { app: 'a' } } }), pod), true))
  test('everything with an empty selector', () => assert.equal(covers(budgetOf({}, { selector: {} }), pod), true))
  test('nothing without one', () => assert.equal(covers(budgetOf({}), pod), false))
  test('nothing with one that cannot be read', () => {
    assert.equal(covers(budgetOf({}, { selector: { matchExpressions: [{ key: 'app', operator: 'Near' }] } }), pod), false)
  })
})
