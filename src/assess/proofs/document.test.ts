import { test } from 'node:test'
import { assertTable } from '../../base/testing/document-table.testing.ts'
import { proofs } from './index.ts'

test('docs/proofs.md says of each proof what its file says', () => {
  assertTable(
    'docs/proofs.md',
    ['proof', 'attack', 'must happen', 'why it matters', 'what to do when it fails'],
    proofs.map(({ id, title, attack, expected, why, whenRed }) => [`${id} ${title}`, attack, expected, why, whenRed]),
  )
})
