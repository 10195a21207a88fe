import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LimitRange, LimitRangeItem } from '../../types/core-v1.ts'
import { limitRange } from './limit-range.ts'
import { validateNew } from './new-object.fixture.ts'

const of = (...limits: LimitRangeItem[]): LimitRange => ({ metadata: { name: 'a', namespace: 'b' }, spec: { limits } })

describe('LimitRange', () => {
  test('derives limit and request of containers from the bounds', () => {
    const { object } = validateNew(
      limitRange,
      of({ type: 'Container', max: { cpu: '2', memory: '1Gi' }, min: { cpu: '1', disk: '1' }, default: { cpu: '1500m' } }),
    )
    const item = object.spec?.limits?.[0]
    assert.deepEqual(item?.default, { cpu: '1500m', memory: '1Gi' })
    assert.deepEqual(item?.defaultRequest, { cpu: '1500m', memory: '1Gi', disk: '1' })
  })

  const rows: readonly (readonly [name: string, item: LimitRangeItem, fields: readonly string[]])[] = [
    ['accepts sane bounds', { type: 'Container', max: { cpu: '2' }, min: { cpu: '1' }, maxLimitRequestRatio: { cpu: '2' } }, []],
    ['knows types', { type: 'Box' }, ['type']],
    ['has minima below maxima', { type: 'Pod', max: { cpu: '1' }, min: { cpu: '2' } }, ['min[cpu]']],
    ['has no defaults for pods', { type: 'Pod', default: { cpu: '1' } }, ['default']],
    ['has a ratio of one at least', { type: 'Pod', maxLimitRequestRatio: { cpu: '500m' } }, ['maxLimitRequestRatio[cpu]']],
    [
      'has a ratio that fits',
      { type: 'Pod', max: { cpu: '2' }, min: { cpu: '1' }, maxLimitRequestRatio: { cpu: '3' } },
      ['maxLimitRequestRatio[cpu]'],
    ],
    ['bounds claims by storage', { type: 'PersistentVolumeClaim' }, ['limits']],
    [
      'and says so before it validates ratios',
      { type: 'PersistentVolumeClaim', min: { bad: '1' }, maxLimitRequestRatio: { worse: '2' } },
      ['min[bad]', 'limits', 'maxLimitRequestRatio[worse]'],
    ],
    [
      'requests no more than it limits',
      { type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '2' } },
      ['defaultRequest[cpu]'],
    ],
  ]
  for (const [name, item, fields] of rows) {
    test(name, () => {
      assert.deepEqual(
        validateNew(limitRange, of(item)).fields,
        fields.map(field => `spec.limits[0].${field}`),
      )
    })
  }

  test('allows each type once', () => {
    assert.deepEqual(validateNew(limitRange, of({ type: 'Pod' }, { type: 'Pod' })).errors, ['spec.limits[1].type: Duplicate value: "Pod"'])
  })
})
