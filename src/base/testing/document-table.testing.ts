// For tests that compare a table of a document with its data; `UPDATE=1` writes the table.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** `document` is relative to the root of the project; each row is an array of cells. The table ends with an empty line. */
export function assertTable(document: string, columns: readonly string[], rows: readonly (readonly string[])[]): void {
  const path = join(import.meta.dirname, '../../..', document)
  const text = readFileSync(path, 'utf8')
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  const head = `${line(columns)}|${columns.map(() => '---|').join('')}\n`
  const start = text.indexOf(head)
  assert.ok(start >= 0, `${document} has no table of ${columns.join(', ')}`)
  const end = text.indexOf('\n\n', start)
  const after = end < 0 ? text.length : end + 1
  const table = head + rows.map(line).join('')
  if (process.env['UPDATE'] === '1') writeFileSync(path, text.slice(0, start) + table + text.slice(after))
  else assert.equal(text.slice(start, after), table, `${document}: UPDATE=1 writes the table anew`)
}
