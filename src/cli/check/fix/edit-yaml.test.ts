import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { applyJsonPatch } from '../../../api/patch/json-patch.ts'
import { jsonPatchBetween, type PatchOperation } from '../../../api/patch/json-patch-between.ts'
import { readYaml } from '../../../api/schema/yaml.ts'
import { editJson } from './edit-json.ts'
import { editYaml } from './edit-yaml.ts'

type Row = readonly [name: string, before: string, operation: PatchOperation, after: string | undefined]
const add = (path: string, value: unknown): PatchOperation => ({ op: 'add', path, value })
const replace = (path: string, value: unknown): PatchOperation => ({ op: 'replace', path, value })
const remove = (path: string): PatchOperation => ({ op: 'remove', path })

const rows: readonly Row[] = [
  ['adds to a block', 'a:\n  b: 1 # one\n\n# next\nc: 2\n', add('/a/d', true), 'a:\n  b: 1 # one\n  d: true\n\n# next\nc: 2\n'],
  ['adds below a block of text', 'a:\n  b: |\n    x\n\nc: 2\n', add('/a/d', 1), 'a:\n  b: |\n    x\n  d: 1\n\nc: 2\n'],
  [
    'adds to an item of a list',
    'l:\n- a: 1\n  b: 2\n- c: 3\n',
    add('/l/0/d', { e: [1] }),
    'l:\n- a: 1\n  b: 2\n  d:\n    e:\n      - 1\n- c: 3\n',
  ],
  ['adds in flow style', '{a: {b: 1}, c: 2} # x\n', add('/a/d', { e: 1 }), '{a: {b: 1, d: { e: 1 }}, c: 2} # x\n'],
  ['adds to what is empty', 'a: {}  # x\nb: 1\n', add('/a/c', 1), 'a:\n  c: 1  # x\nb: 1\n'],
  ['adds to a missing map', 'a:\nb: 1\n', add('/a/c', 1), 'a:\n  c: 1\nb: 1\n'],
  ['adds at the end of a text without a line end', 'a: 1', add('/b', 2), 'a: 1\nb: 2'],
  ['adds what is there already, as a replacement', 'a: 1\n', add('/a', 2), 'a: 2\n'],
  ['replaces a scalar, and keeps its comment', 'a: "x"   # why\nb: 1\n', replace('/a', false), 'a: false   # why\nb: 1\n'],
  ['replaces a block', 'a:\n  b: 1\n  c: 2\nd: 3\n', replace('/a', { e: 1 }), 'a:\n  e: 1\nd: 3\n'],
  ['replaces a list', 'a:\n  - 1\n  - 2\nd: 3\n', replace('/a', ['x']), 'a:\n  - x\nd: 3\n'],
  ['replaces text of several lines', 'a: |\n  x\n  y\nb: 1\n', replace('/a', 'z'), 'a: z\nb: 1\n'],
  ['removes a line', 'a: 1\nb: 2 # two\nc: 3\n', remove('/b'), 'a: 1\nc: 3\n'],
  ['removes a block', 'a: 1\nb:\n  x: 1\n  y: [2]\nc: 3\n', remove('/b'), 'a: 1\nc: 3\n'],
  ['removes the only key', 'a:\n  b: 1\nc: 2\n', remove('/a/b'), 'a: {}\nc: 2\n'],
  ['removes the first key of an item', 'l:\n  - a: 1\n    b: 2\n', remove('/l/0/a'), 'l:\n  - b: 2\n'],
  ['removes an item', 'l:\n  - a\n  - b # two\n  - c\n', remove('/l/1'), 'l:\n  - a\n  - c\n'],
  ['removes in flow style', '{a: 1, b: 2, c: 3}\n', remove('/b'), '{a: 1, c: 3}\n'],
  ['removes the first in flow style', 'l: [x, y]\n', remove('/l/0'), 'l: [y]\n'],
  ['finds keys with slashes', 'a:\n  x/y: 1\n  z: 2\n', remove('/a/x~1y'), 'a:\n  z: 2\n'],
  ['does not write through an alias', 'a: &x\n  b: 1\nc: *x\n', add('/c/d', 1), undefined],
  ['does not remove a missing member', 'a: 1\n', remove('/b'), undefined],
  ['does not edit what is not YAML', 'a: [\n', add('/b', 1), undefined],
]
for (const [name, before, operation, after] of rows) {
  test(`editYaml() ${name}`, () => assert.equal(editYaml(before, [], [operation]), after))
}

test('editYaml() edits an object below a list', () => {
  assert.equal(editYaml('items:\n  - a: 1\n  - a: 2\n', ['items', 1], [replace('/a', 3)]), 'items:\n  - a: 1\n  - a: 3\n')
})

test('editJson() keeps the indentation', () => {
  assert.equal(editJson('{\n\t"a": 1\n}', [], [add('/b', 2)]), '{\n\t"a": 1,\n\t"b": 2\n}')
  assert.equal(editJson('{"items":[{"a":1}]}', ['items', 0], [remove('/a')]), '{"items":[{}]}')
})

const key = fc.constantFrom('a', 'b', 'spec', 'x/y', 'true', '1')
const scalar = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.integer(),
  fc.boolean(),
  fc.constant('a\nb\n'),
  fc.constant('# no'),
  fc.constant(': '),
)
const { value: tree } = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3 }),
  ),
}))
const object = fc.dictionary(key, tree, { minKeys: 1, maxKeys: 4 })

test('editYaml() gives text with exactly the patched value, or undefined', () => {
  let written = 0
  fc.assert(
    fc.property(
      object,
      object,
      fc.constantFrom('block', 'flow', 'any') as fc.Arbitrary<'block' | 'flow' | 'any'>,
      (before, after, collectionStyle) => {
        const text = stringify(before, { collectionStyle, indent: 2 })
        const start = readYaml(text).value
        const patch = jsonPatchBetween(start, after)
        const edited = editYaml(text, [], patch)
        if (edited === undefined) return
        written++
        assert.deepEqual(readYaml(edited).value, applyJsonPatch(structuredClone(start), patch))
      },
    ),
    { numRuns: 500, seed: 20260101 },
  )
  assert.ok(written > 250, `${written} of 500 were written`)
})
