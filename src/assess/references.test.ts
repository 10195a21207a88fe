import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertTable } from '../base/testing/document-table.testing.ts'
import { proofs } from './proofs/index.ts'
import { referencedProofs, referencesOf } from './references.ts'

test('referencesOf() names techniques of ATT&CK and recommendations of CIS for each proof', () => {
  for (const { id } of proofs) {
    const references = referencesOf(id)
    assert.ok(
      references.some(reference => /^T1\d{3}(\.\d{3})?$/.test(reference)) &&
        references.some(reference => /^CIS \d(\.\d{1,2}){1,2}$/.test(reference)),
      id,
    )
  }
})

test('referencesOf() names each once, in one of the two forms', () => {
  for (const id of referencedProofs) {
    const references = referencesOf(id)
    assert.equal(new Set(references).size, references.length, id)
    for (const reference of references) assert.match(reference, /^(T1\d{3}(\.\d{3})?|CIS [1-5](\.\d{1,2}){2})$/, id)
  }
})

test('docs/proofs.md shows the references', () => {
  assertTable(
    'docs/proofs.md',
    ['proof', 'ATT&CK and CIS'],
    referencedProofs.map(id => [id, referencesOf(id).join(', ')]),
  )
})
