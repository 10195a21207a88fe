import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { longestFirst, readDurations, writeDurations } from './test-durations.ts'

test('longestFirst() orders groups by how long their files took the last time, with new ones first', () => {
  const durations = { 'a/short.test.ts': 10, 'a/long.test.ts': 5000, 'a/middle.test.ts': 700 }
  const groups = [['a/short.test.ts', 'a/middle.test.ts'], ['a/new.test.ts', 'a/short.test.ts'], ['a/long.test.ts'], ['a/middle.test.ts']]
  assert.deepEqual(longestFirst(groups, durations), [groups[1], groups[2], groups[0], groups[3]])
  assert.deepEqual(longestFirst([], durations), [])
})

test('readDurations() reads what writeDurations() wrote, and nothing from a missing or other file', t => {
  const folder = mkdtempSync(join(tmpdir(), 'durations-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'durations.json')
  assert.deepEqual(readDurations(path), {})
  writeDurations(path, { 'a.test.ts': 12 })
  assert.deepEqual(readDurations(path), { 'a.test.ts': 12 })
  for (const text of ['{', 'null', '[]', '{"a.test.ts":"12"}']) {
    writeFileSync(path, text)
    assert.deepEqual(readDurations(path), {}, text)
  }
})
