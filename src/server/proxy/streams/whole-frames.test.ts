import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WholeFrames } from './whole-frames.ts'

const frame = (content: string): Buffer => {
  const bytes = Buffer.from(content)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

const contents = ['a', '', 'long'.repeat(200), 'b']
for (const size of [1, 2, 3, 5, 100, 803, 10_000]) {
  test(`WholeFrames finds the frames in chunks of ${size} bytes`, () => {
    const bytes = Buffer.concat(contents.map(frame))
    const frames = new WholeFrames()
    const found: string[] = []
    for (let at = 0; at < bytes.length; at += size) found.push(...frames.take(bytes.subarray(at, at + size)).map(String))
    assert.deepEqual(found, contents)
  })
}
