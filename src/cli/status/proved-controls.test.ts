import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProofResult, ProofResultSpec, ProofRun } from '../../api/types/bulkhead-v1alpha1.ts'
import { proofs } from '../../assess/proofs/index.ts'
import { controlsOf } from './controls.ts'
import { failedProofs, provedControls } from './proved-controls.ts'

const running = { build: 'a'.repeat(64), configuration: 'b'.repeat(64) }
const run = (time: string, facts: Partial<ProofRun> = {}): ProofRun => ({ time, ...running, attempts: 1, milliseconds: 1, ...facts })
const result = (proof: string, spec: Partial<ProofResultSpec>): ProofResult => ({
  metadata: { name: proof.toLowerCase() },
  spec: { proof, title: 'title', last: 'Passed', ...spec },
})
const control = { name: 'control', on: true, note: '', proofs: ['C3'] }
const by = 'by build aaaaaaaaaaaa'

const cases: readonly [name: string, results: readonly ProofResult[], state: string, text: string][] = [
  ['passed', [result('C3', { passed: run('T1') })], 'proved', `C3 passed at T1 ${by}`],
  ['never tried', [], 'unproved', 'C3 was never tried'],
  ['failed', [result('C3', { last: 'Failed', passed: run('T1'), failed: run('T2') })], 'failed', 'C3 failed at T2'],
  ['only skipped', [result('C3', { last: 'Skipped', skipped: run('T2') })], 'unproved', 'C3 was never proved, skipped at T2'],
  [
    'skipped after it passed',
    [result('C3', { last: 'Skipped', passed: run('T1'), skipped: run('T2') })],
    'unproved',
    'C3 passed at T1, but was skipped at T2',
  ],
  [
    'passed by another build',
    [result('C3', { passed: run('T1', { build: 'c'.repeat(64) }) })],
    'unproved',
    'C3 passed at T1 by build cccccccccccc, not proved since the build changed',
  ],
  [
    'passed with other settings',
    [result('C3', { passed: run('T1', { configuration: 'c'.repeat(64) }) })],
    'unproved',
    `C3 passed at T1 ${by}, not proved since the configuration changed`,
  ],
]
for (const [name, results, state, text] of cases) {
  test(`provedControls() with a proof that ${name}`, () => {
    const [shown] = provedControls([control], results, running)
    assert.deepEqual([shown?.state, shown?.results], [state, [text]])
  })
}

test('provedControls() takes the worst of several proofs, and the configuration only for what is off', () => {
  const results = [result('C3', { passed: run('T1') }), result('P1', { last: 'Failed', failed: run('T2') })]
  assert.equal(provedControls([{ ...control, proofs: ['C3', 'P1'] }], results, running)[0]?.state, 'failed')
  assert.equal(provedControls([{ ...control, proofs: ['C3', 'N1'] }], results, running)[0]?.state, 'unproved')
  assert.equal(provedControls([{ ...control, on: false }], results, running)[0]?.state, 'off')
  assert.equal(provedControls([{ ...control, proofs: [] }], results, running)[0]?.state, 'on')
  assert.equal(provedControls([control], results, undefined)[0]?.state, 'unproved')
  assert.deepEqual(failedProofs(results), ['Proof P1 (title) failed at T2: run "bulkhead prove P1"'])
})

test('controlsOf() names proofs that exist', () => {
  const ids = new Set(proofs.map(({ id }) => id))
  for (const { name, proofs: named } of controlsOf('secure', [])) for (const id of named) assert.ok(ids.has(id), `${name}: ${id}`)
})
