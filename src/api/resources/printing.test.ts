import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  ageCell,
  containerImages,
  containerNames,
  formatLabels,
  humanDuration,
  labelSelectorCell,
  labelSelectorString,
  translateTimestampSince,
} from './printing.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

describe('humanDuration()', () => {
  const rows: readonly (readonly [milliseconds: number, text: string])[] = [
    [-3 * second, '<invalid>'],
    [-1 * second, '0s'],
    [0, '0s'],
    [119 * second, '119s'],
    [2 * minute, '2m'],
    [9 * minute + 59 * second, '9m59s'],
    [10 * minute + 30 * second, '10m'],
    [179 * minute, '179m'],
    [3 * hour, '3h'],
    [7 * hour + 59 * minute, '7h59m'],
    [8 * hour + 30 * minute, '8h'],
    [47 * hour, '47h'],
    [2 * day, '2d'],
    [7 * day + 23 * hour, '7d23h'],
    [8 * day + 23 * hour, '8d'],
    [729 * day, '729d'],
    [2 * 365 * day, '2y'],
    [2 * 365 * day + 35 * day, '2y35d'],
    [8 * 365 * day + 35 * day, '8y'],
  ]
  for (const [milliseconds, text] of rows)
    test(`prints ${milliseconds} ms as ${text}`, () => assert.equal(humanDuration(milliseconds), text))
})

test('translateTimestampSince() handles missing times', () => {
  const now = Date.parse('2026-01-01T01:00:00Z')
  assert.equal(translateTimestampSince('2026-01-01T00:00:00Z', now), '60m')
  assert.equal(translateTimestampSince(undefined, now), '<unknown>')
  assert.equal(translateTimestampSince(null, now), '<unknown>')
  assert.equal(translateTimestampSince('', now), '<unknown>')
  assert.equal(ageCell({ metadata: { creationTimestamp: '2026-01-01T00:59:00Z' } }, now), '60s')
})

test('formatLabels() sorts whole texts and prints <none>', () => {
  assert.equal(formatLabels({ app: 'x', 'app.kubernetes.io/name': 'x' }), 'app.kubernetes.io/name=x,app=x')
  assert.equal(formatLabels({ b: '2', a: '1' }), 'a=1,b=2')
  assert.equal(formatLabels({}), '<none>')
})

test('labelSelectorCell() prints requirements in the form of -l', () => {
  const matchExpressions = [
    { key: 'd', operator: 'DoesNotExist' },
    { key: 'c', operator: 'Exists' },
    { key: 'b', operator: 'NotIn', values: ['y', 'x'] },
    { key: 'a', operator: 'In', values: ['1'] },
  ]
  assert.equal(labelSelectorCell({ matchLabels: { z: '1' }, matchExpressions }), 'a in (1),b notin (x,y),c,!d,z=1')
  assert.equal(labelSelectorCell({}), '<none>')
  assert.equal(labelSelectorCell(undefined), '<none>')
  assert.equal(labelSelectorCell({ matchExpressions: [{ key: 'a', operator: 'Near' }] }), '<error>')
})

test('containerNames() and containerImages() join in order', () => {
  const containers = [{ name: 'a', image: 'x:1' }, { name: 'b' }]
  assert.equal(containerNames(containers), 'a,b')
  assert.equal(containerImages(containers), 'x:1,')
})

test("labelSelectorString() prints Go's structure", () => {
  const matchExpressions = [
    { key: 'e', operator: 'In', values: ['y', 'x'] },
    { key: 'f', operator: 'Exists' },
  ]
  const expected =
    '&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{' +
    'LabelSelectorRequirement{Key:e,Operator:In,Values:[y x],},LabelSelectorRequirement{Key:f,Operator:Exists,Values:[],},},}'
  assert.equal(labelSelectorString({ matchLabels: { b: '2', a: '1' }, matchExpressions }), expected)
})
