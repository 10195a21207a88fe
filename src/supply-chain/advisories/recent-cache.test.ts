import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecentCache } from './recent-cache.ts'

test('RecentCache keeps what is used, and drops what is not', () => {
  const cache = new RecentCache<number>(100)
  cache.set('used', 1, 1)
  cache.set('unused', 2, 1)
  for (let index = 0; index < 1000; index++) {
    cache.set(`other ${index}`, index, 1)
    assert.equal(cache.get('used'), 1, String(index))
  }
  assert.equal(cache.get('unused'), undefined)
})

test('RecentCache holds at most its weight', () => {
  const cache = new RecentCache<number>(100)
  for (let index = 0; index < 1000; index++) cache.set(`key ${index}`, index, 10)
  const held = Array.from({ length: 1000 }, (_, index) => index).filter(index => cache.get(`key ${index}`) !== undefined)
  assert.ok(held.length <= 10 && held.length >= 5, String(held.length))
})

test('RecentCache takes an entry that is heavier than all', () => {
  const cache = new RecentCache<string>(10)
  cache.set('heavy', 'x', 1000)
  assert.equal(cache.get('heavy'), 'x')
  cache.set('next', 'y', 1)
  cache.set('last', 'z', 1)
  assert.equal(cache.get('next'), 'y')
})
