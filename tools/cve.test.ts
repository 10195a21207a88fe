// docs/cve.md and the tests agree: each row's test exists and names its CVEs, and each CVE that a test names has a row.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')

interface Row {
  readonly ids: readonly string[]
  readonly cells: readonly string[]
  /** The vulnerable part does not exist here: the test need not name the CVE. */
  readonly cannotApply: boolean
  readonly path: string
  /** The beginning of the test's title; undefined if a title in the file names the CVE. */
  readonly title?: string
}

const idPattern = /CVE-\d{4}-\d{4,}/g

function rowsOf(table: string): Row[] {
  return table
    .split('\n')
    .filter(line => line.startsWith('| CVE-'))
    .map(line => {
      const cells = line
        .split('|')
        .slice(1, -1)
        .map(cell => cell.trim())
      const [ids = '', , , , here = '', where = ''] = cells
      const [, path = '', title] = /^`([^`]+)`(?:: "(.+)")?$/.exec(where) ?? []
      return { ids: ids.split(', '), cells, cannotApply: here.startsWith('Cannot apply:'), path, title }
    })
}

/** Whether a line of the test file, which is no comment, has the title after a quote. */
const hasTitle = (lines: readonly string[], title: string): boolean =>
  lines.some(line => ["'", '"', '`'].some(quote => line.includes(quote + title)))

/** Whether a quoted text in the test file names the CVE. */
const names = (lines: readonly string[], id: string): boolean => lines.some(line => new RegExp(`['"\`].*${id}\\b`).test(line))

/** Each fault as `CVE-…: what`. Pure, given `read`; `named` are the CVEs that tests name, with a file of each. */
function faultsOf(table: string, named: ReadonlyMap<string, string>, read: (path: string) => string | undefined): string[] {
  const rows = rowsOf(table)
  const all = rows.flatMap(({ ids }) => ids)
  const faults = rows.flatMap(({ ids, cells, cannotApply, path, title }) => {
    const [id = ''] = ids
    if (cells.length !== 6 || cells.includes('')) return [`${id}: the row does not have six non-empty cells`]
    const twice = ids.filter(one => all.indexOf(one) !== all.lastIndexOf(one))
    if (twice.length > 0) return twice.map(one => `${one}: has two rows`)
    if (path === '') return [`${id}: the test must be \`path\` or \`path\`: "title"`]
    const lines = read(path)
      ?.split('\n')
      .filter(line => !line.trimStart().startsWith('//'))
    if (lines === undefined) return [`${id}: ${path} does not exist`]
    if (title !== undefined && !hasTitle(lines, title)) return [`${id}: no test of ${path} has the title "${title}"`]
    if (title !== undefined && cannotApply) return []
    return ids.filter(one => !names(lines, one)).map(one => `${one}: no test of ${path} names it`)
  })
  const rest = [...named].filter(([id]) => !all.includes(id)).map(([id, path]) => `${id}: ${path} names it, but it has no row`)
  return [...faults, ...rest]
}

// CVE ids are data there: a scanner's.
const scanner =
  /^(?:src\/supply-chain|src\/artifacts|src\/cli\/(?:scan|advisories)|src\/cluster\/tests\/admission\/image-findings|test\/supply-chain)/
const testFiles = globSync(['src/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root }).filter(path => !scanner.test(path))

test('docs/cve.md has a row for each CVE that a test names, and an existing test for each row', () => {
  const named = new Map<string, string>()
  for (const path of testFiles) for (const id of readFileSync(join(root, path), 'utf8').match(idPattern) ?? []) named.set(id, path)
  const read = (path: string) =>
    testFiles.includes(path) && existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined
  const table = readFileSync(join(root, 'docs/cve.md'), 'utf8')
  assert.ok(rowsOf(table).flatMap(({ ids }) => ids).length > 100)
  assert.deepEqual(faultsOf(table, named, read), [])
})

const row = (test: string, here = 'A guard', ids = 'CVE-2020-0001') => `| ${ids} | c | Low | w | ${here} | ${test} |`
const file = "test('CVE-2020-0001: a', () => 1)\ntest('b', () => 2)\n// test('c CVE-2020-0003', () => 3)\n"
const cases: readonly { readonly name: string; readonly table: string; readonly named?: string; readonly found: readonly string[] }[] = [
  { name: 'a test that names the CVE', table: row('`a.test.ts`'), found: [] },
  { name: 'a title', table: row('`a.test.ts`: "CVE-2020-0001: a"'), found: [] },
  {
    name: 'a test without its name',
    table: row('`a.test.ts`', 'A guard', 'CVE-2020-0002'),
    found: ['CVE-2020-0002: no test of a.test.ts names it'],
  },
  {
    name: 'one of two CVEs without a test',
    table: row('`a.test.ts`', 'A guard', 'CVE-2020-0001, CVE-2020-0002'),
    found: ['CVE-2020-0002: no test of a.test.ts names it'],
  },
  {
    name: 'a comment that names the CVE',
    table: row('`a.test.ts`', 'A', 'CVE-2020-0003'),
    found: ['CVE-2020-0003: no test of a.test.ts names it'],
  },
  { name: 'a test that shows why it cannot apply', table: row('`a.test.ts`: "b"', 'Cannot apply: none', 'CVE-2020-0002'), found: [] },
  {
    name: 'a missing title',
    table: row('`a.test.ts`: "c"', 'Cannot apply: none'),
    found: ['CVE-2020-0001: no test of a.test.ts has the title "c"'],
  },
  { name: 'a missing file', table: row('`x.test.ts`'), found: ['CVE-2020-0001: x.test.ts does not exist'] },
  { name: 'no path', table: row('a.test.ts'), found: ['CVE-2020-0001: the test must be `path` or `path`: "title"'] },
  { name: 'an empty cell', table: row('`a.test.ts`', ''), found: ['CVE-2020-0001: the row does not have six non-empty cells'] },
  {
    name: 'two rows',
    table: `${row('`a.test.ts`')}\n${row('`a.test.ts`')}`,
    found: ['CVE-2020-0001: has two rows', 'CVE-2020-0001: has two rows'],
  },
  { name: 'no row', table: '', named: 'CVE-2020-0002', found: ['CVE-2020-0002: a.test.ts names it, but it has no row'] },
]
for (const { name, table, named, found } of cases) {
  test(`faultsOf() and ${name}`, () => {
    const ids = new Map(named === undefined ? [] : [[named, 'a.test.ts']])
    assert.deepEqual(
      faultsOf(table, ids, path => (path === 'a.test.ts' ? file : undefined)),
      found,
    )
  })
}
