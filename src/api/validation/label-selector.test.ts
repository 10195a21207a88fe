import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FieldError } from '../field-error.ts'
import { isEmptySelector, type LabelSelectorLike, selectorMatches, validateLabelSelector } from './label-selector.ts'

function fields(selector: LabelSelectorLike): string[] {
  const errors: FieldError[] = []
  validateLabelSelector(selector, 's', errors)
  return errors.map(error => error.field)
}

describe('validateLabelSelector()', () => {
  const rows: readonly (readonly [name: string, selector: LabelSelectorLike, fields: readonly string[]])[] = [
    ['accepts every operator', { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'a', operator: 'Exists' }] }, []],
    ['wants values for In', { matchExpressions: [{ key: 'a', operator: 'In' }] }, ['s.matchExpressions[0].values']],
    ['wants none for Exists', { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] }, ['s.matchExpressions[0].values']],
    ['knows the operators', { matchExpressions: [{ key: 'a', operator: 'Gt', values: ['1'] }] }, ['s.matchExpressions[0].operator']],
    ['validates keys', { matchExpressions: [{ key: '', operator: 'Exists' }] }, ['s.matchExpressions[0].key', 's.matchExpressions[0].key']],
    ['validates values', { matchExpressions: [{ key: 'a', operator: 'In', values: ['-'] }] }, ['s.matchExpressions[0].values[0]']],
    ['validates labels', { matchLabels: { a: '-' } }, ['s.matchLabels']],
  ]
  for (const [name, selector, expected] of rows) test(name, () => assert.deepEqual(fields(selector), expected))
})

describe('selectorMatches()', () => {
  const labels = { app: 'web', tier: 'front' }
  const rows: readonly (readonly [selector: LabelSelectorLike, matches: boolean])[] = [
    [{}, true],
    [{ matchLabels: { app: 'web' } }, true],
    [{ matchLabels: { app: 'db' } }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'db'] }] }, true],
    [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }, false],
    [{ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] }, false],
    [{ matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, true],
    [{ matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, false],
  ]
  for (const [selector, matches] of rows) {
    test(`${JSON.stringify(selector)} is ${matches}`, () => assert.equal(selectorMatches(selector, labels), matches))
  }
  test('isEmptySelector() recognizes a selector of everything', () => {
    assert.ok(isEmptySelector({ matchLabels: {}, matchExpressions: [] }))
    assert.ok(!isEmptySelector({ matchLabels: { a: 'b' } }))
  })
})
