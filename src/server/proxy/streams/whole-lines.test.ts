import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WholeLines } from './whole-lines.ts'

test('WholeLines returns complete lines, wherever the chunks are split', () => {
  const text = Buffer.from('one\n\ntwo and more\nlast\n')
  for (let size = 1; size <= text.length; size++) {
    const lines = new WholeLines()
    const taken: string[] = []
    for (let at = 0; at < text.length; at += size) for (const line of lines.take(text.subarray(at, at + size))) taken.push(line.toString())
    assert.deepEqual(taken, ['one\n', '\n', 'two and more\n', 'last\n'], `chunks of ${size} bytes`)
  }
})

test('WholeLines buffers an incomplete line', () => {
  const lines = new WholeLines()
  assert.deepEqual(lines.take(Buffer.from('cut')), [])
  assert.deepEqual(lines.take(Buffer.from(' here\nnext')).map(String), ['cut here\n'])
})
