import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FieldSet } from './field-set.ts'
import { excludingPaths, onlyPaths } from './path-filter.ts'

const set: FieldSet = {
  'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} }, 'f:finalizers': {} },
  'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:image': {}, 'f:resources': { 'f:limits': {} } } } },
  'f:status': { '.': {}, 'f:phase': {} },
}

describe('excludingPaths()', () => {
  const rows: [name: string, paths: string[], result: FieldSet][] = [
    ['a field with all below it', ['spec', 'metadata'], { 'f:status': { '.': {}, 'f:phase': {} } }],
    [
      'a field below another',
      ['metadata.labels', 'spec'],
      { 'f:metadata': { 'f:finalizers': {} }, 'f:status': { '.': {}, 'f:phase': {} } },
    ],
    ['the last below a path of the set', ['status.phase', 'spec', 'metadata'], { 'f:status': {} }],
    ['the last of all', ['spec', 'metadata', 'status'], {}],
    ['missing fields', ['data', 'spec.nope'], set],
  ]
  for (const [name, paths, result] of rows) it(`drops ${name}`, () => assert.deepEqual(excludingPaths(paths)?.(set), result))
  it('is no filter without paths', () => assert.equal(excludingPaths([]), undefined))
})

describe('onlyPaths()', () => {
  it('keeps paths below any item of a list', () => {
    const kept = { 'f:spec': { 'f:containers': { 'k:{"name":"c"}': { 'f:resources': { 'f:limits': {} } } } } }
    assert.deepEqual(onlyPaths(['spec.containers.*.resources'])?.(set), kept)
  })
  it('keeps nothing of an empty set', () => assert.deepEqual(onlyPaths(['spec.volumes'])?.(set), {}))
})
