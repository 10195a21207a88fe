import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createProgress } from './progress.ts'

const recorder = (isTTY: boolean) => {
  const written: string[] = []
  return { written, stream: { isTTY, columns: 30, write: (text: string) => written.push(text) } }
}
const plain = (text: string) => text.replaceAll(/\(\d+ s\)/g, '(0 s)')

test('createProgress() rewrites its line on a terminal, and keeps within it', () => {
  const { written, stream } = recorder(true)
  const progress = createProgress(stream as never)
  progress.show('file 1 of 3')
  progress.show('a'.repeat(100))
  progress.done('FAIL x')
  const [, first = '', , second = '', , third] = written
  assert.equal(plain(first), 'file 1 of 3 (0 s)')
  assert.equal(second.length, 29)
  assert.equal(third, 'FAIL x\n')
  assert.equal(written.filter(text => text === '\r\u001b[K').length, 3)
})

test('createProgress() writes a line for each step without a terminal', () => {
  const { written, stream } = recorder(false)
  const progress = createProgress(stream as never)
  for (const step of ['one', 'one', 'two']) progress.show(step)
  progress.end()
  assert.deepEqual(written.map(plain), ['one (0 s)\n', 'two (0 s)\n'])
})
