import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { applyJsonPatch } from './json-patch.ts'
import { jsonPatchBetween, type PatchOperation } from './json-patch-between.ts'

type Row = readonly [name: string, before: unknown, after: unknown, patch: readonly PatchOperation[]]

const rows: readonly Row[] = [
  ['nothing for equal values', { a: [1, { b: null }] }, { a: [1, { b: null }] }, []],
  [
    'one operation for each member',
    { a: 1, b: 2 },
    { b: 3, c: 4 },
    [
      { op: 'replace', path: '/b', value: 3 },
      { op: 'remove', path: '/a' },
      { op: 'add', path: '/c', value: 4 },
    ],
  ],
  ['only what differs within', { a: { b: { c: 1, d: 2 } } }, { a: { b: { c: 1, d: 3 } } }, [{ op: 'replace', path: '/a/b/d', value: 3 }]],
  [
    'the last items of a list first',
    [1, 2, 3, 4],
    [1, 5],
    [
      { op: 'remove', path: '/3' },
      { op: 'remove', path: '/2' },
      { op: 'replace', path: '/1', value: 5 },
    ],
  ],
  [
    'new items of a list in their order',
    [1],
    [1, 2, 3],
    [
      { op: 'add', path: '/1', value: 2 },
      { op: 'add', path: '/2', value: 3 },
    ],
  ],
  ['a list that becomes an object as a whole', { a: [1] }, { a: { 0: 1 } }, [{ op: 'replace', path: '/a', value: { 0: 1 } }]],
  [
    'null as a value',
    { a: {}, b: null },
    { a: null, b: {} },
    [
      { op: 'replace', path: '/b', value: {} },
      { op: 'replace', path: '/a', value: null },
    ],
  ],
  ['escaped names', { 'a/b~c': 1 }, { 'a/b~c': 2 }, [{ op: 'replace', path: '/a~1b~0c', value: 2 }]],
  ['an undefined member as none', { a: undefined, b: 1 }, { b: 1, c: undefined }, []],
  ['the document itself', 1, [1], [{ op: 'replace', path: '', value: [1] }]],
]

for (const [name, before, after, patch] of rows) {
  test(`jsonPatchBetween() gives ${name}`, () => assert.deepEqual(jsonPatchBetween(before, after), patch))
}

test('jsonPatchBetween() copies added values', () => {
  const after = { a: { b: [1] } }
  const [operation] = jsonPatchBetween({}, after)
  assert.notEqual(operation?.value, after.a)
  assert.deepEqual(operation?.value, after.a)
})

/** Names that pointers escape, list indexes, and the name that is no ordinary member in JavaScript. */
const name = fc.oneof(fc.constantFrom('a', 'b', '0', '1', '-', '', '~', '/', '~1', '__proto__'), fc.string({ maxLength: 2 }))
const { value } = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(null, true, 0, 1, '', 'a'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}))

test('jsonPatchBetween() returns a patch that turns one value into the other, and an empty one for a copy', () => {
  fc.assert(
    fc.property(value, value, (before, after) => {
      const patch = jsonPatchBetween({ object: before }, { object: after })
      assert.deepEqual(applyJsonPatch({ object: before }, patch), { object: after })
      assert.deepEqual(jsonPatchBetween(after, structuredClone(after)), [])
    }),
    { numRuns: 2000 },
  )
})

test('jsonPatchBetween() modifies neither value', () => {
  fc.assert(
    fc.property(value, value, (before, after) => {
      const copies = structuredClone([before, after])
      jsonPatchBetween(before, after)
      assert.deepEqual([before, after], copies)
    }),
  )
})
