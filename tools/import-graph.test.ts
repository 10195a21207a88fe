import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importsOf, pairsOfFolders, valueCircles } from './import-graph.ts'

const statements: readonly (readonly [name: string, text: string, isValue: boolean])[] = [
  ['a value', "import { a } from './b.ts'", true],
  ['a value among types', "import { a, type B } from './b.ts'", true],
  ['types alone', "import { type A, type B } from './b.ts'", false],
  ['a statement for types', "import type { A } from './b.ts'", false],
  ['over several lines', "import {\n  a,\n  type B,\n} from './b.ts'", true],
  ['types over several lines', "import {\n  type A,\n  type B,\n} from './b.ts'", false],
  ['a default', "import a from './b.ts'", true],
  ['a default beside types', "import a, { type B } from './b.ts'", true],
  ['a namespace', "import * as a from './b.ts'", true],
  ['the effect alone', "import './b.ts'", true],
  ['what is exported again', "export { a } from './b.ts'", true],
  ['all that is exported again', "export * from './b.ts'", true],
  ['types that are exported again', "export type { A } from './b.ts'", false],
  ['an import while it runs', "const a = await import('./b.ts')", false],
]

for (const [name, text, isValue] of statements)
  test(`importsOf() and ${name}`, () => {
    assert.deepEqual(importsOf('src/x/a.ts', `${text}\n`), [{ from: 'src/x/a.ts', to: 'src/x/b.ts', isValue }])
  })

test('importsOf() leaves packages out', () => {
  assert.deepEqual(importsOf('src/x/a.ts', "import { join } from 'node:path'\nimport type { A } from '../y/b.ts'\n"), [
    { from: 'src/x/a.ts', to: 'src/y/b.ts', isValue: false },
  ])
})

const edge = (from: string, to: string, isValue = true) => ({ from: `src/${from}.ts`, to: `src/${to}.ts`, isValue })

test('valueCircles() names the files of each circle', () => {
  const twoCircles = [edge('a', 'b'), edge('b', 'c'), edge('c', 'a'), edge('c', 'd'), edge('d', 'e'), edge('e', 'd'), edge('f', 'a')]
  assert.deepEqual(valueCircles(twoCircles), [
    ['src/a.ts', 'src/b.ts', 'src/c.ts'],
    ['src/d.ts', 'src/e.ts'],
  ])
})

test('valueCircles() accepts type imports, and paths that join without a circle', () => {
  assert.deepEqual(valueCircles([edge('a', 'b'), edge('b', 'a', false)]), [])
  assert.deepEqual(valueCircles([edge('a', 'b'), edge('a', 'c'), edge('b', 'd'), edge('c', 'd')]), [])
})

test('pairsOfFolders() names folders that import each other, by types too', () => {
  assert.deepEqual(pairsOfFolders([edge('x/a/1', 'x/b/1'), edge('x/b/2', 'x/a/2', false), edge('x/a/1', 'x/c/1')]), ['src/x/a <-> src/x/b'])
})

test('pairsOfFolders() passes a folder and one within it', () => {
  assert.deepEqual(pairsOfFolders([edge('x/1', 'x/a/1'), edge('x/a/1', 'x/2'), edge('x/ab/1', 'x/a/1'), edge('x/a/1', 'x/ab/1')]), [
    'src/x/a <-> src/x/ab',
  ])
})
