import assert from 'node:assert/strict'
import { test } from 'node:test'
import { controlProblem, evaluate, type ProofReport } from './observation.ts'

const report = (id: string, verdict: ProofReport['verdict'], ...found: string[]): ProofReport => ({ id, verdict, found })
const untried = 'the attack could not be carried out: no answer'

const rows = [
  { name: 'an attack that succeeded', reports: [report('C3', 'FAIL', 'answered 201')], verdict: 'seen' },
  {
    name: 'an attack that succeeded beside one that was not tried',
    reports: [report('C3', 'FAIL', untried, 'answered 201')],
    verdict: 'seen',
  },
  { name: 'a proof that holds', reports: [report('C3', 'PASS')], verdict: 'missed' },
  { name: 'a proof that is skipped', reports: [report('C3', 'SKIP', 'no node')], verdict: 'missed' },
  { name: 'a proof without a result', reports: [], verdict: 'missed' },
  { name: 'an attack that could not be carried out', reports: [report('C3', 'FAIL', untried)], verdict: 'broken' },
]
for (const { name, reports, verdict } of rows)
  test(`evaluate() says ${verdict} of ${name}`, () => assert.equal(evaluate({ reports }, ['C3']).verdict, verdict))

test('evaluate() says broken of a cluster that did not start', () => {
  assert.deepEqual(evaluate({ failure: 'it ended' }, ['C3']), { verdict: 'broken', detail: 'it ended' })
})

test('evaluate() requires each of several proofs to fail', () => {
  const reports = [report('C3', 'FAIL', 'answered 201'), report('D4', 'PASS')]
  assert.equal(evaluate({ reports }, ['C3']).verdict, 'seen')
  assert.deepEqual(evaluate({ reports }, ['C3', 'D4']), { verdict: 'missed', detail: 'D4 PASS' })
})

test('controlProblem() requires each proof to hold', () => {
  assert.equal(controlProblem({ reports: [report('C3', 'PASS')] }, ['C3']), undefined)
  assert.match(controlProblem({ reports: [report('C3', 'SKIP', 'no node')] }, ['C3']) ?? '', /C3 SKIP: no node/)
  assert.match(controlProblem({ reports: [] }, ['C3']) ?? '', /C3 gave no result/)
  assert.equal(controlProblem({ failure: 'it ended' }, ['C3']), 'it ended')
})
