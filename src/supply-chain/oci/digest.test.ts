import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDigest } from './digest.ts'

test('isDigest() takes sha256 and sha512 in lower case with their exact length, and nothing else', () => {
  const sha256 = `sha256:${'a1'.repeat(32)}`
  for (const text of [sha256, `sha512:${'0f'.repeat(64)}`]) assert.equal(isDigest(text), true, text)
  for (const text of [
    '',
    'sha256:',
    `${sha256}0`,
    sha256.toUpperCase(),
    `md5:${'a'.repeat(32)}`,
    `sha512:${'a1'.repeat(32)}`,
    `${sha256}\n`,
  ])
    assert.equal(isDigest(text), false, text)
})
