import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retainedBytes } from '../base/testing/retained-bytes.testing.ts'
import { TokenBuckets } from './token-buckets.ts'

test('TokenBuckets distinguishes long keys and stores none of them', () => {
  const buckets = new TokenBuckets({ qps: 1, burst: 1 }, 4096)
  const key = (at: number): string => `${'k'.repeat(100_000)}${at}`
  const kept = retainedBytes(() => {
    for (let at = 0; at < 100; at++) assert.equal(buckets.take(key(at), 0), true)
  })
  assert.ok(kept < 1_000_000, `${kept} bytes`)
  assert.deepEqual([buckets.take(key(0), 0), buckets.take(key(100), 0)], [false, true])
})
