import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProofResult, ProofResultSpec, ProofRun } from '../../types/bulkhead-v1alpha1.ts'
import { proofResult, proofResultName } from './proof-result.ts'

const run: ProofRun = { time: '2026-01-01T00:00:00Z', build: 'a'.repeat(64), configuration: 'b'.repeat(64), attempts: 3, milliseconds: 5 }
const good: ProofResultSpec = { proof: 'S5/A9', title: 'TLS everywhere', last: 'Passed', passed: run }
const fieldsOf = (spec: Partial<ProofResultSpec>, name = 's5-a9'): string[] =>
  (proofResult.validate?.({ metadata: { name }, spec: { ...good, ...spec } } as ProofResult) ?? []).map(({ field }) => field)

test('proofResult accepts the result of a proof', () => {
  assert.equal(proofResultName('S5/A9'), 's5-a9')
  assert.deepEqual(fieldsOf({}), [])
  assert.deepEqual(fieldsOf({ last: 'Failed', failed: { ...run, found: ['one'], report: 'c'.repeat(64) } }), [])
})

const wrong: readonly [name: string, spec: Partial<ProofResultSpec>, fields: string[], object?: string][] = [
  ['a name of another proof', {}, ['spec.proof'], 'a3'],
  ['an id that is none', { proof: 'all' }, ['spec.proof'], 'all'],
  ['no title', { title: '' }, ['spec.title']],
  ['another verdict', { last: 'Good' }, ['spec.last']],
  ['a verdict without its run', { last: 'Failed' }, ['spec.failed']],
  ['a digest that is none', { passed: { ...run, build: 'x' } }, ['spec.passed.build']],
  ['no time', { passed: { ...run, time: null } }, ['spec.passed.time']],
  ['too many findings', { failed: { ...run, found: Array.from({ length: 21 }, () => 'x') } }, ['spec.failed.found']],
  ['a reason that is too long', { skipped: { ...run, reason: 'x'.repeat(1025) } }, ['spec.skipped.found']],
]
for (const [name, spec, fields, object] of wrong) {
  test(`proofResult refuses ${name}`, () => assert.deepEqual(fieldsOf(spec, object), fields))
}
