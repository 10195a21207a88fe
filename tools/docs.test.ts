// Documents name only what exists: link targets with their headings, paths in code marks, and no personal paths.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')
const documents = [
  'README.md',
  'README.zh.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'bench/RESULTS.md',
  ...globSync('docs/**/*.md', { cwd: root }),
]

/** A code mark with one of these beginnings is a path of this tree. The build makes `dist/`, so it may be absent. */
const ofTheTree = /^(src|docs|tools|test|bench|bin|examples)\/[\w./-]+$/
const link = /\[[^\]]*\]\(([^)\s]+)\)/g
const mark = /`([^`\n]+)`/g
const personal = /\/(?:home|Users)\/\w+|\/root\/|~\/|[A-Z]:\\Users\\/

/** Anchors of headings, as GitHub derives them from the text. */
function anchorsOf(text: string): readonly string[] {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading.trim().toLowerCase())
  return headings.map(heading => heading.replace(/[^\p{L}\p{N}_\- ]/gu, '').replaceAll(' ', '-'))
}

interface Tree {
  exists(path: string): boolean
  read(path: string): string
}

/** Each fault as `document: what`. Pure, given the tree, by paths relative to the root. */
function faultsOf(document: string, text: string, tree: Tree): string[] {
  const faults: string[] = []
  const prose = text.replace(/^```[\s\S]*?^```/gm, '')
  for (const [, target = ''] of prose.matchAll(link)) {
    if (/^[a-z]+:/.test(target)) continue
    const [file = '', anchor] = target.split('#')
    const path = file === '' ? document : join(dirname(document), file)
    if (!tree.exists(path)) faults.push(`${document}: the link to ${target} leads nowhere`)
    else if (anchor !== undefined && !anchorsOf(tree.read(path)).includes(anchor))
      faults.push(`${document}: there is no heading for the link to ${target}`)
  }
  for (const [, code = ''] of prose.matchAll(mark)) {
    if (ofTheTree.test(code) && !tree.exists(code)) faults.push(`${document}: there is no ${code}`)
  }
  if (personal.test(text)) faults.push(`${document}: names a folder of a person's machine`)
  return faults
}

for (const document of documents) {
  test(`${document} names only what exists`, () => {
    const tree = { exists: (path: string) => existsSync(join(root, path)), read: (path: string) => readFileSync(join(root, path), 'utf8') }
    assert.deepEqual(faultsOf(document, tree.read(document), tree), [])
  })
}

const faults: readonly { readonly name: string; readonly text: string; readonly found: readonly string[] }[] = [
  { name: 'a link that leads nowhere', text: '[a](../gone.md#part)', found: ['docs/x.md: the link to ../gone.md#part leads nowhere'] },
  { name: 'a missing path', text: 'see `src/gone.ts`', found: ['docs/x.md: there is no src/gone.ts'] },
  { name: 'a folder of a person', text: 'in /home/someone/x', found: ["docs/x.md: names a folder of a person's machine"] },
  { name: 'what is outside of the tree', text: '[a](https://example.com) `status/phase` `src/<group>/x.ts`', found: [] },
  { name: 'what a block shows', text: '```\nsee `src/gone.ts`\n```\n', found: [] },
]

for (const { name, text, found } of faults) {
  test(`faultsOf() and ${name}`, () => assert.deepEqual(faultsOf('docs/x.md', text, { exists: () => false, read: () => '' }), found))
}

test('faultsOf() and headings', () => {
  const tree = { exists: () => true, read: () => '# A\n\n## What `x.y` is for\n' }
  const text = '[a](#a) [b](y.md#what-xy-is-for) [c](y.md#gone) [d](#none)'
  assert.deepEqual(faultsOf('docs/x.md', text, tree), [
    'docs/x.md: there is no heading for the link to y.md#gone',
    'docs/x.md: there is no heading for the link to #none',
  ])
})
