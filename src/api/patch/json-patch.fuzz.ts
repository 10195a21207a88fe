// JSON patches are applied, or rejected with an ApiError; the target is not modified, and the result is JSON without inherited members.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { copyJson } from '../../base/data/copy-json.ts'
import { parseJson } from '../../base/json.ts'
import { type FuzzTarget, succeeds } from '../../base/testing/fuzz-target.testing.ts'
import { ApiError } from '../status.ts'
import { applyJsonPatch, strictOperationErrors } from './json-patch.ts'

const target = { a: { b: [1, { c: null }, 'x'] }, list: [1, 2, 3], 'm~n': { 'p/q': true }, '': 0, deep: [[[[]]]] }
const segments = [
  'a',
  'b',
  'c',
  'list',
  '0',
  '1',
  '-1',
  '-',
  '',
  'm~0n',
  'p~1q',
  '~',
  '__proto__',
  'constructor',
  'prototype',
  '00',
  '99999999999',
  'deep',
  'length',
]
const pointer = fc.array(fc.constantFrom(...segments), { maxLength: 4 }).map(parts => parts.map(part => `/${part}`).join(''))
const operation = fc.record(
  {
    op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'other'),
    path: pointer,
    from: pointer,
    value: fc.constantFrom(null, 1, 'x', {}, [], { a: 1 }, [1, [2]]),
  },
  { requiredKeys: ['op'] },
)

export const jsonPatch: FuzzTarget = {
  name: 'json-patch',
  inputs: fc.array(operation, { maxLength: 8 }).map(operations => JSON.stringify(operations)),
  words: [
    '"op":',
    '"path":',
    '"from":',
    '"value":',
    '"add"',
    '"copy"',
    '"move"',
    '"test"',
    ...segments.map(segment => `/${segment}`),
    'null',
    '{}',
    '[]',
    ',',
  ],
  run(input) {
    let patch: unknown
    try {
      patch = parseJson(input.toString())
    } catch (err) {
      if (!(err instanceof SyntaxError)) throw err
      return
    }
    const before = copyJson(target)
    let result: unknown
    const applies = succeeds(() => {
      result = applyJsonPatch(target, patch)
    }, ApiError)
    assert.deepEqual(target, before, 'the target was changed')
    if (applies) assert.deepEqual(parseJson(JSON.stringify(result)), result, 'the result is JSON')
    succeeds(() => strictOperationErrors(patch), ApiError)
    for (const name of ['a', 'b', 'value', 'x', '0']) assert.equal(name in {}, false, `${name} is a member of every object`)
  },
}
