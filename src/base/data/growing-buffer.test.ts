import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GrowingBuffer } from './growing-buffer.ts'

test('GrowingBuffer keeps pushed bytes in order, in any pieces', () => {
  for (const size of [1, 3, 4096, 10_000]) {
    const text = Buffer.from(Array.from({ length: 20_000 }, (_, index) => index % 251))
    const buffer = new GrowingBuffer()
    for (let at = 0; at < text.length; at += size) buffer.push(text.subarray(at, at + size))
    assert.equal(buffer.length, text.length)
    assert.deepEqual(buffer.bytes(), text)
    buffer.clear()
    assert.equal(buffer.bytes().length, 0)
  }
})

test('GrowingBuffer keeps a single piece without a copy, and does not write after it', () => {
  const whole = Buffer.from('abcdef')
  const buffer = new GrowingBuffer()
  buffer.push(whole.subarray(0, 3))
  assert.equal(buffer.bytes().buffer, whole.buffer)
  buffer.push(Buffer.from('XYZ'))
  assert.equal(buffer.bytes().toString(), 'abcXYZ')
  assert.equal(whole.toString(), 'abcdef')
})

test('GrowingBuffer copies each byte at most a few times, however small the pieces', () => {
  const copied = { bytes: 0 }
  const { copy } = Buffer.prototype
  const counted = function (this: Buffer, target: Uint8Array, targetStart?: number, sourceStart = 0, sourceEnd = this.length): number {
    copied.bytes += sourceEnd - sourceStart
    return copy.call(this, target, targetStart, sourceStart, sourceEnd)
  }
  Buffer.prototype.copy = counted
  try {
    const buffer = new GrowingBuffer()
    for (let index = 0; index < 100_000; index++) buffer.push(Buffer.of(index & 0xff))
  } finally {
    Buffer.prototype.copy = copy
  }
  assert.ok(copied.bytes < 400_000, `${copied.bytes} bytes copied`)
})

test('GrowingBuffer detects bytes in tiny pieces, but not a few or larger ones', () => {
  const crumbs = new GrowingBuffer()
  for (let index = 0; index < 4096; index++) crumbs.push(Buffer.of(1))
  assert.equal(crumbs.isCrumbled, false)
  for (let index = 0; index < 400; index++) crumbs.push(Buffer.of(1))
  assert.equal(crumbs.isCrumbled, true)
  const pieces = new GrowingBuffer()
  for (let index = 0; index < 100_000; index++) pieces.push(Buffer.alloc(16))
  assert.equal(pieces.isCrumbled, false)
})
