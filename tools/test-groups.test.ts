import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupFiles, needsOwnProcess } from './test-groups.ts'

const texts: Readonly<Record<string, string>> = {
  'b/umask.test.ts': 'const before = process.umask(0)',
  'a/held.test.ts': 'assert.ok(stillHeld(held) <= 2)',
  'c/kept.test.ts': 'const bytes = retainedBytes(() => fill(cache))',
}
const read = (file: string): string => texts[file] ?? "import { test } from 'node:test'"

test('groupFiles() puts each file into one group, neighbours into different ones', () => {
  const files = ['a/1.test.ts', 'a/2.test.ts', 'a/3.test.ts', 'b/1.test.ts', 'b/umask.test.ts']
  assert.deepEqual(groupFiles(files.toReversed(), 2, read), [
    ['a/1.test.ts', 'a/3.test.ts'],
    ['a/2.test.ts', 'b/1.test.ts'],
    ['b/umask.test.ts'],
  ])
  assert.deepEqual(groupFiles([...files, 'a/held.test.ts', 'c/kept.test.ts'], 1, read), [
    files.slice(0, -1),
    ['a/held.test.ts', 'c/kept.test.ts'],
    ['b/umask.test.ts'],
  ])
  assert.deepEqual(groupFiles(['a/1.test.ts'], 8, read), [['a/1.test.ts']])
  assert.deepEqual(groupFiles([], 8, read), [])
})

test('needsOwnProcess() finds what concerns the whole process', () => {
  for (const source of [
    'process.umask(0o077)',
    'process.chdir(folder)',
    'process.seteuid(1)',
    'process.setgroups([])',
    'process.exitCode = 0',
    'const { heapUsed } = x',
    'process.memoryUsage().rss',
    'process.cpuUsage(before)',
    'globalThis.gc = collect',
    'const a = 1\nbefore(() => undefined)',
    'afterEach(() => undefined)',
    "import { setFlagsFromString } from 'node:v8'",
  ])
    assert.ok(needsOwnProcess(source), source)
  for (const source of [
    't.mock.timers.enable()',
    'process.pid',
    'globalThis.gc === undefined',
    'process.getuid()',
    '  before(() => undefined)',
    'after(close)',
  ])
    assert.ok(!needsOwnProcess(source), source)
})
