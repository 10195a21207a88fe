import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodSecurityException } from '../api/types/bulkhead-v1alpha1.ts'
import { exceptionsToEnd } from './compensation.ts'
import type { Outcome } from './proof.ts'
import type { ProofResult } from './run-proofs.ts'

const now = Date.parse('2026-06-01T00:00:00Z')
const exception = (name: string, compensatingProofs?: string[], expires = '2026-07-01T00:00:00Z'): PodSecurityException => ({
  metadata: { name, namespace: 'team' },
  spec: {
    ...{ templateDigest: '', checks: ['hostPorts'], owner: 'ann', reason: 'printer', expires },
    ...(compensatingProofs === undefined ? {} : { compensatingProofs }),
  },
})
const result = (id: string, outcome: Outcome): ProofResult => ({
  ...{ id, title: '', why: '', attack: '', expected: '', whenRed: '', started: '', milliseconds: 0, attempts: [], rights: [] },
  outcome,
})
const failed: Outcome = { held: false, found: ['a way in'] }

const rows: readonly [name: string, compensatingProofs: string[] | undefined, outcome: Outcome, ends: boolean][] = [
  ['whose proof does not hold', ['C9'], failed, true],
  ['that relies on a proof of two names', ['A9'], failed, true],
  ['whose proof holds', ['C9'], { held: true, evidence: 'refused' }, false],
  ['whose proof was skipped', ['C9'], { skipped: true, reason: 'no node' }, false],
  ['whose proof could not be tried', ['C9'], { held: false, found: ['no answer'], tried: false }, false],
  ['that relies on another proof', ['C8'], failed, false],
  ['that relies on nothing', undefined, failed, false],
]
for (const [name, proofs, outcome, ends] of rows) {
  test(`exceptionsToEnd() ${ends ? 'names' : 'leaves'} an exception ${name}`, () => {
    const results = [result('C9', outcome), result('S5/A9', outcome)]
    assert.deepEqual(
      exceptionsToEnd([exception('a', proofs)], results, now).map(plan => [plan.name, plan.proofs]),
      ends ? [['team/a', proofs]] : [],
    )
  })
}

test('exceptionsToEnd() skips one that has ended already', () => {
  assert.deepEqual(exceptionsToEnd([exception('a', ['C9'], '2026-06-01T00:00:00Z')], [result('C9', failed)], now), [])
})
