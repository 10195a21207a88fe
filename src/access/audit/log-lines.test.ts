import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LogLines } from './log-lines.ts'

const linesOf = (texts: readonly string[]) => {
  const lines = new LogLines()
  for (const text of texts) lines.add(text)
  return lines
}
const line = fc.string({ unit: 'binary', maxLength: 6000 }).map(text => `${text.replaceAll('\n', ' ').toWellFormed()}\n`)

test('LogLines holds the bytes of its lines, and as many of others as it may', () => {
  fc.assert(
    fc.property(fc.array(line), fc.array(line), fc.nat(20), (own, others, most) => {
      const lines = linesOf(own)
      assert.deepEqual([lines.bytes.toString(), lines.count, lines.length], [own.join(''), own.length, Buffer.byteLength(own.join(''))])
      lines.addAll(linesOf(others), most)
      const taken = others.slice(0, Math.max(0, most - own.length))
      assert.deepEqual([lines.bytes.toString(), lines.count], [[...own, ...taken].join(''), own.length + taken.length])
      lines.clear()
      assert.deepEqual([lines.bytes.length, lines.count], [0, 0])
    }),
  )
})

test('LogLines removes the last added line', () => {
  const lines = linesOf(['a\n', 'b\n'])
  const { length, count } = lines
  lines.add('seal\n')
  lines.cut(length, count)
  lines.add('c\n')
  assert.equal(lines.bytes.toString(), 'a\nb\nc\n')
})

test('LogLines finds the newest line with a text', () => {
  const lines = linesOf(['{"id":"é1","n":1}\n', '{"id":"é1","n":2}\n', '{"id":"2"}\n'])
  assert.equal(
    lines.findLast('"id":"é1"', line => line),
    '{"id":"é1","n":2}',
  )
  assert.equal(
    lines.findLast('"id":"2"', line => line),
    '{"id":"2"}',
  )
  assert.equal(
    lines.findLast('"id":"3"', line => line),
    undefined,
  )
  const older = (line: string) => (line.includes('"n":2') ? undefined : line)
  assert.equal(lines.findLast('"id":"é1"', older), '{"id":"é1","n":1}')
  assert.equal(
    lines.findLast('"id"', () => undefined),
    undefined,
  )
})
