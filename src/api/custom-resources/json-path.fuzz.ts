// Paths of printer columns: parsing returns a path or a problem, and a search ends and is reproducible.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { FuzzTarget } from '../../base/testing/fuzz-target.testing.ts'
import { findByPath } from './find-by-path.ts'
import { jsonPathProblem, parseJsonPath } from './json-path.ts'

const steps = [
  '.a',
  '.spec',
  '..',
  '..a',
  '.*',
  '[*]',
  '[0]',
  '[-1]',
  '[0:2]',
  '[::2]',
  "['a']",
  "['a','b']",
  '[?(@.a==1)]',
  '[?(@.a>"x")]',
  '[?(@..a)]',
  '.metadata.labels.a\\.b',
  '[0,1]',
  '{range .a[*]}',
  '{end}',
  '{"x"}',
  '$',
  '@',
]
const nested = (depth: number): unknown => (depth === 0 ? [1, 'x', { a: 1 }] : { a: nested(depth - 1), b: [nested(0)], spec: { a: depth } })
const object = { metadata: { labels: { 'a.b': 'x' } }, ...(nested(40) as object) }

export const jsonPath: FuzzTarget = {
  name: 'json-path',
  inputs: fc.array(fc.constantFrom(...steps), { maxLength: 8 }).map(parts => parts.join('')),
  words: [...steps, '(', ')', '[?(', ')]', '==', '&&', '"', "'", ':', ','],
  run(input) {
    const text = input.toString()
    const path = parseJsonPath(text)
    const problem = jsonPathProblem(text)
    assert.ok(path === undefined || problem === undefined, 'a path has no problem')
    if (path === undefined) return
    assert.deepEqual(findByPath(object, path), findByPath(object, path))
  },
}
