import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LabelSelector } from '../../api/types/meta-v1.ts'
import { meets, selects, selectsByMap } from './label-selector.ts'

const labels = { app: 'web', tier: 'front' }
const rows: [string, LabelSelector | undefined, boolean][] = [
  ['absent', undefined, false],
  ['empty', {}, true],
  ['labels', { matchLabels: { app: 'web' } }, true],
  ['other labels', { matchLabels: { app: 'db' } }, false],
  ['In', { matchExpressions: [{ key: 'app', operator: 'In', values: ['db', 'web'] }] }, true],
  ['NotIn of a label that is absent', { matchExpressions: [{ key: 'x', operator: 'NotIn', values: ['a'] }] }, true],
  ['Exists', { matchExpressions: [{ key: 'x', operator: 'Exists' }] }, false],
  ['DoesNotExist', { matchExpressions: [{ key: 'x', operator: 'DoesNotExist' }] }, true],
  ['both must hold', { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['front'] }] }, false],
]
for (const [name, selector, want] of rows) test(`selects(): ${name}`, () => assert.equal(selects(selector, labels), want))

test('selectsByMap() selects nothing with an empty map', () => {
  assert.deepEqual([selectsByMap({}, labels), selectsByMap(undefined, labels), selectsByMap({ app: 'web' }, labels)], [false, false, true])
})

test('meets() compares integers, and only integers, with Gt and Lt', () => {
  assert.deepEqual(
    [meets('10', 'Gt', ['9']), meets('10', 'Lt', ['9']), meets('ten', 'Gt', ['9']), meets(undefined, 'Gt', ['9'])],
    [true, false, false, false],
  )
})
