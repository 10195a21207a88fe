import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashTemplate, sameTemplate } from './pod-template-hash.ts'

const template = (image: string, labels: Record<string, string> = {}) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image }] },
})

test('hashTemplate() is independent of key order, and depends on content and collision count', () => {
  const reordered = { spec: { containers: [{ image: 'a', name: 'c' }] }, metadata: { labels: {} } }
  assert.equal(hashTemplate(template('a'), undefined), hashTemplate(reordered, undefined))
  const hashes = [hashTemplate(template('a'), undefined), hashTemplate(template('b'), undefined), hashTemplate(template('a'), 1)]
  assert.equal(new Set(hashes).size, 3)
  for (const hash of hashes) assert.match(hash, /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/)
})

test('sameTemplate() ignores only the hash label', () => {
  assert.equal(sameTemplate(template('a', { x: '1', 'pod-template-hash': 'h' }), template('a', { x: '1' })), true)
  assert.equal(sameTemplate(template('a', { 'pod-template-hash': 'h' }), { spec: { containers: [{ name: 'c', image: 'a' }] } }), true)
  assert.equal(sameTemplate(template('a', { x: '1' }), template('a', { x: '2' })), false)
})
