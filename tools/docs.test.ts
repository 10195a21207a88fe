// What the documents name is there: link targets, paths in code marks, and no path of a person's own machine.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')
const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...globSync('docs/**/*.md', { cwd: root }),
]

/** A code mark is taken for a path of this tree where it begins with one of these. `dist/` is made by the build, so it may be absent. */
const ofTheTree = /^(src|docs|tools|test|bench|bin|examples)\/[\w./-]+$/
const link = /\[[^\]]*\]\(([^)\s]+)\)/g
const mark = /`([^`\n]+)`/g
const personal = /\/(?:home|Users)\/\w+|\/root\/|~\/|[A-Z]:\\Users\\/

/** Each fault as `document: what`. Pure but for the question whether a path, relative to the root, is there. */
function faultsOf(document: string, text: string, exists: (path: string) => boolean): string[] {
  const faults: string[] = []
  const prose = text.replace(/^```[\s\S]*?^```/gm, '')
  for (const [, target = ''] of prose.matchAll(link)) {
    if (/^[a-z]+:/.test(target) || target.startsWith('#')) continue
    const path = join(dirname(document), target.replace(/#.*$/, ''))
    if (!exists(path)) faults.push(`${document}: the link to ${target} leads nowhere`)
  }
  for (const [, code = ''] of prose.matchAll(mark)) {
    if (ofTheTree.test(code) && !exists(code)) faults.push(`${document}: there is no ${code}`)
  }
  if (personal.test(text)) faults.push(`${document}: names a folder of a person's machine`)
  return faults
}

for (const document of documents) {
  test(`${document} names only what is there`, () => {
    const text = readFileSync(join(root, document), 'utf8')
    assert.deepEqual(
      faultsOf(document, text, path => existsSync(join(root, path))),
      [],
    )
  })
}

const faults: readonly { readonly name: string; readonly text: string; readonly found: readonly string[] }[] = [
  { name: 'a link that leads nowhere', text: '[a](../gone.md#part)', found: ['docs/x.md: the link to ../gone.md#part leads nowhere'] },
  { name: 'a path that is not there', text: 'see `src/gone.ts`', found: ['docs/x.md: there is no src/gone.ts'] },
  { name: 'a folder of a person', text: 'in /home/someone/x', found: ["docs/x.md: names a folder of a person's machine"] },
  { name: 'what is outside of the tree', text: '[a](https://example.com) `status/phase` `src/<group>/x.ts`', found: [] },
  { name: 'what a block shows', text: '```\nsee `src/gone.ts`\n```\n', found: [] },
]

for (const { name, text, found } of faults) {
  test(`faultsOf() and ${name}`, () =>
    assert.deepEqual(
      faultsOf('docs/x.md', text, () => false),
      found,
    ))
}
