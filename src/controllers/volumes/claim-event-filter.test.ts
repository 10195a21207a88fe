import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClaimEventFilter, repeatMs } from './claim-event-filter.ts'

const waiting = { type: 'Normal', reason: 'FailedBinding', message: 'no volume' } as const

test('ClaimEventFilter.isNew() repeats the reason of a pending claim before its event expires, and a new reason at once', () => {
  const news = new ClaimEventFilter()
  assert.equal(news.isNew('ns/c', waiting, 0), true)
  assert.equal(news.isNew('ns/c', waiting, repeatMs - 1), false)
  assert.equal(news.isNew('ns/c', waiting, repeatMs), true)
  assert.equal(news.isNew('ns/c', waiting, repeatMs + 1), false)
  assert.equal(news.isNew('ns/c', { ...waiting, message: 'another class' }, repeatMs + 2), true)
  assert.equal(news.isNew('ns/d', waiting, repeatMs + 2), true)
  assert.equal(news.isNew('ns/c', undefined, repeatMs + 3), false)
  assert.equal(news.isNew('ns/c', { ...waiting, message: 'another class' }, repeatMs + 4), true)
})
