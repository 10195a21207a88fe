import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SendBuffer } from './send-buffer.ts'

describe('SendBuffer', () => {
  test('keeps what is written, however it grows', () => {
    const out = new SendBuffer()
    const written: number[] = []
    for (let i = 0; i < 200_000; i++) {
      out.byte(i % 251)
      written.push(i % 251)
    }
    out.uint32(0xffff_fffe)
    assert.deepEqual(out.view(), Buffer.from([...written, 255, 255, 255, 254]))
    assert.equal(out.length, 200_004)
  })

  test('holds no memory while it is empty, and shares none', () => {
    const out = new SendBuffer()
    assert.equal(out.bytes.length, 0)
    out.reserve(10)
    const { bytes } = out
    out.clear()
    assert.deepEqual([out.bytes.length, out.length], [0, 0])
    // Released space may be reused, once.
    const others = Array.from({ length: 3 }, () => new SendBuffer())
    for (const other of others) other.reserve(10)
    assert.equal(new Set(others.map(other => other.bytes)).size, 3)
    assert.ok(others.some(other => other.bytes === bytes))
    out.clear()
    for (const other of others) other.clear()
  })

  test('reserve() keeps the content, and allocates beyond all sizes', () => {
    const out = new SendBuffer()
    out.byte(7)
    out.reserve(1_000_000)
    assert.ok(out.bytes.length >= 1_000_001)
    assert.deepEqual([out.bytes[0], out.length], [7, 1])
    out.clear()
  })
})
