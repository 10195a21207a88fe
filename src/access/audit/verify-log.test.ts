import assert from 'node:assert/strict'
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { auditKey, event, names, newDirectory, openLog as open, threeBatches } from './audit-log.testing.ts'
import { verifyAuditLog } from './verify-log.testing.ts'

const changes: { name: string; change: (text: string) => string; problem: RegExp }[] = [
  {
    name: 'a changed event',
    change: text => text.replace('"auditID":"w1"', '"auditID":"w9"'),
    problem: /lines of this batch were changed/,
  },
  { name: 'a removed line', change: text => text.replace(/^.*"auditID":"w1".*\n/m, ''), problem: /lines of this batch were changed/ },
  {
    name: 'a removed batch',
    change: text => text.replace(/^.*"auditID":"w1".*\n.*"kind":"Seal".*\n/m, ''),
    problem: /follows seal|does not continue/,
  },
  {
    name: 'a forged seal',
    change: text => text.replace(/"digest":"[0-9a-f]{8}/, '"digest":"00000000'),
    problem: /changed|continue|another log/,
  },
  {
    name: 'a foreign signature',
    change: text => text.replace(/"signature":"..../, '"signature":"AAAA'),
    problem: /signature of the head is wrong/,
  },
]
for (const { name, change, problem } of changes) {
  test(`verifyAuditLog() finds ${name}`, async () => {
    const directory = newDirectory()
    const log = await open(directory)
    for (const id of ['w0', 'w1', 'w2']) await log.record(event('create', id))
    await log[Symbol.asyncDispose]()
    const path = join(directory, 'audit-00000001.log')
    const before = await readFile(path, 'utf8')
    const text = change(before)
    assert.notEqual(text, before)
    await writeFile(path, text)
    assert.match((await verifyAuditLog(directory, { auditKey })).problems.join('\n'), problem)
  })
}

test('verifyAuditLog() returns the wanted events, counts all, and verifies a log whose oldest files are gone', async () => {
  const directory = newDirectory()
  const log = await open(directory, { maxFileBytes: 1000 })
  for (let i = 0; i < 9; i++) await log.record(event('create', `w${i}`))
  await log[Symbol.asyncDispose]()
  const whole = await verifyAuditLog(directory, { auditKey, wanted: new Set(['w1', 'w8', 'none']) })
  assert.deepEqual([names(whole.events), whole.eventCount, whole.problems], [['w1', 'w8'], 9, []])
  await rm(join(directory, 'audit-00000001.log'))
  const rest = await verifyAuditLog(directory, { auditKey, wanted: new Set(['w8']) })
  assert.deepEqual([names(rest.events), rest.problems], [['w8'], []])
  assert.ok(rest.eventCount < 9)
})

test('verifyAuditLog() reports a bounded number of faults', async () => {
  const { directory, path } = await threeBatches()
  await appendFile(path, 'no event\n'.repeat(1000))
  assert.equal((await verifyAuditLog(directory)).problems.length, 100)
})
