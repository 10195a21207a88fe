// Rows of custom kinds whose columns look far into large objects: an answer has so much for all of them, and each row something.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printerColumns } from '../../api/resources/printer-columns.ts'
import { tablePrinter, visitsForRow, visitsOfAnswer } from './table.ts'

test("tablePrinter() leaves cells empty once a list of large objects exceeds an answer's limit", () => {
  const columns = printerColumns(Array.from({ length: 20 }, (_, index) => ({ name: `C${index}`, type: 'string', jsonPath: '.spec' })))
  const { rowOf } = tablePrinter({ columns }, 'None', 0, 'meta.k8s.io/v1')
  const spec = { text: 'x'.repeat(500_000) }
  const small = { metadata: { name: 'small' }, spec: { text: 'y' } }
  let shown = 0
  for (let index = 0; index < 300; index++) {
    const { cells } = rowOf({ metadata: { name: `o${index}` }, spec } as never)
    assert.equal(cells[0], `o${index}`)
    for (const cell of cells.slice(1)) shown += String(cell ?? '').length
  }
  assert.ok(shown > 10_000_000, `${shown} characters`)
  assert.ok(shown < 16 * (visitsOfAnswer + 300 * visitsForRow), `${shown} characters`)
  // A row of usual size still has its cells.
  assert.deepEqual(rowOf(small as never).cells.slice(0, 3), ['small', '{"text":"y"}', '{"text":"y"}'])
})
