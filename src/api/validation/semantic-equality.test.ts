import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { semanticallyEqual } from './semantic-equality.ts'

describe('semanticallyEqual()', () => {
  test('treats absent, null and an empty list as equal', () => {
    assert.ok(semanticallyEqual({ a: [], b: null, c: undefined }, {}))
    assert.ok(semanticallyEqual({ a: { b: [] } }, { a: {} }))
    assert.ok(semanticallyEqual([], undefined))
  })
  test('distinguishes an empty structure from a missing one', () => {
    assert.ok(!semanticallyEqual({ securityContext: {} }, {}))
    assert.ok(!semanticallyEqual({}, { securityContext: {} }))
    assert.ok(!semanticallyEqual({}, undefined))
  })
  test('distinguishes values', () => {
    assert.ok(!semanticallyEqual({ a: 0 }, {}))
    assert.ok(!semanticallyEqual({ a: [1, 2] }, { a: [2, 1] }))
    assert.ok(!semanticallyEqual({ a: 1 }, { a: 1, b: 1 }))
    assert.ok(!semanticallyEqual(['a'], { 0: 'a' }))
  })
  test('compares amounts as amounts, and no other texts', () => {
    const of = (cpu: string, memory: string) => ({ resources: { requests: { cpu, memory } }, emptyDir: { sizeLimit: memory } })
    assert.ok(semanticallyEqual(of('1', '1Gi'), of('1000m', '1073741824')))
    assert.ok(!semanticallyEqual(of('1', '1Gi'), of('2', '1Gi')))
    assert.ok(!semanticallyEqual({ limits: { cpu: '1' } }, { limits: {} }))
    assert.ok(!semanticallyEqual({ env: [{ name: 'A', value: '1' }] }, { env: [{ name: 'A', value: '1000m' }] }))
    assert.ok(!semanticallyEqual({ matchLabels: { divisor: 'a' } }, { matchLabels: { divisor: 'b' } }))
  })
})
