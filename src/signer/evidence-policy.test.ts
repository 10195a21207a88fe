import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evidenceField, maxStatementBytes, statementV1, testResultV01 } from '../base/statement.ts'
import { checkBackupEvidence, checkEvidence } from './evidence-policy.ts'
import { PolicyViolation } from './policy.ts'

const predicate = { result: 'PASSED', configuration: [], passedTests: [], warnedTests: [], failedTests: [], [evidenceField]: {} }
const subject = [{ name: 'cluster', digest: { sha256: 'a'.repeat(64) } }]
const good = { _type: statementV1, subject, predicateType: testResultV01, predicate }

test('checkEvidence() allows the statement of a report', () => checkEvidence(Buffer.from(JSON.stringify(good))))

const wrong: readonly [name: string, statement: unknown, rule?: string][] = [
  ['another type', { ...good, _type: 'https://in-toto.io/Statement/v0.1' }],
  ['provenance', { ...good, predicateType: 'https://slsa.dev/provenance/v1' }],
  ['a further field', { ...good, more: 1 }],
  ['a further field of the predicate', { ...good, predicate: { ...predicate, builder: {} } }],
  ['another result', { ...good, predicate: { ...predicate, result: 'GOOD' } }],
  ['no details', { ...good, predicate: { ...predicate, [evidenceField]: undefined } }],
  ['no predicate', { ...good, predicate: [] }],
  ['no subject', { ...good, subject: [] }],
  ['two subjects', { ...good, subject: [...subject, ...subject] }],
  ['a subject without a digest', { ...good, subject: [{ name: 'cluster' }] }],
  ['a list', []],
  ['too many bytes', { ...good, predicate: { ...predicate, [evidenceField]: { text: 'x'.repeat(maxStatementBytes) } } }, 'evidence-size'],
]
for (const [name, statement, rule = 'evidence-form'] of wrong) {
  test(`checkEvidence() refuses ${name}`, () =>
    assert.throws(
      () => checkEvidence(Buffer.from(JSON.stringify(statement))),
      (err: unknown) => err instanceof PolicyViolation && err.rule === rule,
    ))
}

test('checkEvidence() refuses what is no JSON', () =>
  assert.throws(
    () => checkEvidence(Buffer.from('DSSEv1')),
    (err: unknown) => err instanceof PolicyViolation && err.rule === 'evidence-form',
  ))

test('checkBackupEvidence() lets the part "backups" sign reports of proof T4 only', () => {
  const report = (ids: readonly string[], passedTests: readonly string[]) =>
    Buffer.from(JSON.stringify({ predicate: { passedTests, [evidenceField]: { proofs: ids.map(id => ({ id })) } } }))
  checkBackupEvidence(report(['T4'], ['T4']))
  for (const [ids, passed] of [
    [['C3'], ['C3']],
    [['T4'], ['T4', 'C3']],
    [['T4', 'C3'], ['T4']],
    [[], ['T4']],
  ] as const)
    assert.throws(() => checkBackupEvidence(report(ids, passed)), { name: 'PolicyViolation', rule: 'evidence-proof' })
})
