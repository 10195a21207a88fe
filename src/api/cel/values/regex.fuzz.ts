// Regular expressions and texts, one per line: they compile or fail with a Failure, and a search stays within its work limit.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { FuzzTarget } from '../../../base/testing/fuzz-target.testing.ts'
import { Frame } from '../evaluate/frame.ts'
import { Failure, WorkExceeded } from './failure.ts'
import { findAll, matches } from './regex.ts'
import { countFor } from './work-counter.ts'

const maxWork = 1_000_000
const atoms = ['a', 'b', '.', '\\d', '\\pL', '[^a]', '[a-c]', '^', '$', '\\b', 'é', '😀', '(?i)k', 'x{2,5}', '\\x{10ffff}', '\\Qa\\E']
const { pattern } = fc.letrec<{ pattern: string }>(tie => ({
  pattern: fc.oneof(
    { depthSize: 'small', withCrossShrink: false },
    fc.constantFrom(...atoms),
    fc.array(tie('pattern'), { minLength: 1, maxLength: 4 }).map(parts => parts.join('')),
    fc.array(tie('pattern'), { minLength: 2, maxLength: 3 }).map(parts => `(${parts.join('|')})`),
    fc.tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '*?', '{3}', '{0,40}', '{2,}')).map(([part, times]) => `(?:${part})${times}`),
  ),
}))
const text = fc.array(fc.constantFrom('a', 'b', 'ab', 'x', 'k', '1', 'é', '😀', '\n', ' '), { maxLength: 200 }).map(parts => parts.join(''))

export const regex: FuzzTarget = {
  name: 'regex',
  inputs: fc.tuple(pattern, text).map(([expression, subject]) => `${expression}\n${subject}`),
  words: [...atoms, '*', '+', '?', '{1000}', '(', ')', '|', '(?i)', '(?:', '[', ']', '\\'],
  run(input) {
    const source = input.toString()
    const end = source.indexOf('\n')
    const [expression, subject] = end === -1 ? [source, source] : [source.slice(0, end), source.slice(end + 1)]
    const found = bounded(() => matches(subject, expression))
    const parts = bounded(() => findAll(subject, expression, -1))
    if (found === undefined || parts === undefined) return
    assert.equal(parts.length > 0, found, 'both ways of searching find something, or neither does')
    for (const part of parts) assert.ok(subject.includes(part), `${JSON.stringify(part)} is no part of the text`)
  },
}

/** Undefined if it fails or exceeds its work limit. */
function bounded<T>(search: () => T): T | undefined {
  const frame = new Frame([], Number.POSITIVE_INFINITY, maxWork)
  const before = countFor(frame)
  try {
    return search()
  } catch (err) {
    if (!(err instanceof Failure) && !(err instanceof WorkExceeded)) throw err
    return undefined
  } finally {
    countFor(before)
    assert.ok(frame.work <= 2 * maxWork, `work of ${frame.work}`)
  }
}
