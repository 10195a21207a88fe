// docs/cve.md and the tests say the same: each row's test is there and names its CVE, and each CVE that a test names has a row.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')

interface Row {
  readonly id: string
  readonly cells: readonly string[]
  /** What it was does not exist here: its test need not name it. */
  readonly appliesNot: boolean
  readonly path: string
  readonly title: string
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
      const [id = '', , , , here = '', where = ''] = cells
      const [, path = '', title = ''] = /^`([^`]+)`: "(.+)"$/.exec(where) ?? []
      return { id, cells, appliesNot: here.startsWith('Cannot apply:'), path, title }
    })
}

/** Whether a line of the test file has the title in its quotes; `…` stands for what a template puts in. */
function hasTitle(text: string, title: string): boolean {
  const parts = title.split('…').map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const quoted = new RegExp(`['"\`]${parts.join('\\$\\{.*\\}')}`)
  return text.split('\n').some(line => !line.trimStart().startsWith('//') && quoted.test(line))
}

/** Each fault as `CVE-…: what`. Pure but for what it reads of test files by their paths; `named` are the CVEs that tests name, with a file of each. */
function faultsOf(table: string, named: ReadonlyMap<string, string>, read: (path: string) => string | undefined): string[] {
  const rows = rowsOf(table)
  const ids = rows.map(({ id }) => id)
  const faults = rows.flatMap(({ id, cells, appliesNot, path, title }, at) => {
    if (cells.length !== 6 || cells.includes('')) return [`${id}: the row has not six cells with something in them`]
    if (ids.indexOf(id) !== at) return [`${id}: has two rows`]
    if (title === '') return [`${id}: the test is not written as \`path\`: "title"`]
    const text = read(path)
    if (text === undefined) return [`${id}: there is no ${path}`]
    if (!hasTitle(text, title)) return [`${id}: no test of ${path} is called "${title}"`]
    return appliesNot || title.match(idPattern)?.includes(id) ? [] : [`${id}: the title of its test does not name it`]
  })
  const rest = [...named].filter(([id]) => !ids.includes(id)).map(([id, path]) => `${id}: ${path} names it, and it has no row`)
  return [...faults, ...rest]
}

const testFiles = globSync(['src/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root })

test('docs/cve.md has each CVE that a test names, with a test that is there', () => {
  const named = new Map<string, string>()
  for (const path of testFiles) for (const id of readFileSync(join(root, path), 'utf8').match(idPattern) ?? []) named.set(id, path)
  const read = (path: string) =>
    testFiles.includes(path) && existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined
  const table = readFileSync(join(root, 'docs/cve.md'), 'utf8')
  assert.ok(rowsOf(table).length > 100)
  assert.deepEqual(faultsOf(table, named, read), [])
})

const row = (title: string, here = 'A guard') => `| CVE-2020-0001 | c | Low | w | ${here} | \`a.test.ts\`: "${title}" |`
// biome-ignore lint/suspicious/noTemplateCurlyInString: as it stands in a test file
const file = "test('CVE-2020-0001: a', () => 1)\ntest('b', () => 2)\n// test('c', () => 3)\ntest(`CVE-2020-0001: of ${x} all`, f)\n"
const cases: readonly { readonly name: string; readonly table: string; readonly named?: string; readonly found: readonly string[] }[] = [
  { name: 'a test with its name', table: row('CVE-2020-0001: a'), found: [] },
  { name: 'a template', table: row('CVE-2020-0001: of … all'), found: [] },
  {
    name: 'another template',
    table: row('CVE-2020-0001: of … none'),
    found: ['CVE-2020-0001: no test of a.test.ts is called "CVE-2020-0001: of … none"'],
  },
  { name: 'a test without its name', table: row('b'), found: ['CVE-2020-0001: the title of its test does not name it'] },
  { name: 'a test that shows why it cannot apply', table: row('b', 'Cannot apply: none'), found: [] },
  { name: 'a test in a comment', table: row('c', 'Cannot apply: none'), found: ['CVE-2020-0001: no test of a.test.ts is called "c"'] },
  { name: 'a missing file', table: row('b').replace('a.test', 'x.test'), found: ['CVE-2020-0001: there is no x.test.ts'] },
  { name: 'no title', table: row('').replace(': ""', ''), found: ['CVE-2020-0001: the test is not written as `path`: "title"'] },
  { name: 'an empty cell', table: row('b').replace('Low', ''), found: ['CVE-2020-0001: the row has not six cells with something in them'] },
  { name: 'two rows', table: `${row('CVE-2020-0001: a')}\n${row('CVE-2020-0001: a')}`, found: ['CVE-2020-0001: has two rows'] },
  { name: 'no row', table: '', named: 'CVE-2020-0002', found: ['CVE-2020-0002: a.test.ts names it, and it has no row'] },
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
