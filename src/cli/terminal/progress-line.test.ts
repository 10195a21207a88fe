import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProgressLine } from './progress-line.ts'

function written(isTerminal: boolean, at: readonly number[]): string[] {
  const lines: string[] = []
  let now = 5000
  const progress = new ProgressLine({ write: text => void lines.push(text), isTerminal, columns: 20, now: () => now })
  for (const ms of at) {
    now = 5000 + ms
    progress.show(`at ${ms}`)
  }
  progress.end()
  return lines
}

test('ProgressLine rewrites one line on a terminal, cut to its width, and clears it at the end', () => {
  const clear = '\r\u001b[K'
  assert.deepEqual(written(true, [0, 50, 100, 12_345_678_901]), [
    `${clear}at 0, 0 s`,
    `${clear}at 100, 0 s`,
    `${clear}at 12345678901, 123`,
    clear,
  ])
})

test('ProgressLine writes a line from time to time without a terminal', () => {
  assert.deepEqual(written(false, [0, 9_999, 10_000, 11_000]), ['at 0, 0 s\n', 'at 10000, 10 s\n'])
})

test('ProgressLine shows the start of a step at once, and how long it takes', () => {
  const lines: string[] = []
  let now = 0
  const progress = new ProgressLine({ write: text => void lines.push(text), isTerminal: false, columns: 80, now: () => now })
  progress.tick()
  progress.show('one')
  progress.show('two', true)
  now = 5_000
  progress.tick()
  now = 10_000
  progress.tick()
  assert.deepEqual(lines, ['one, 0 s\n', 'two, 0 s\n', 'two, 10 s\n'])
})
