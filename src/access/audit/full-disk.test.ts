// The audit log on a really full disk: answered records are there, and it recovers by itself.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fillFrom, smallDisk, whyNoSmallDisk } from '../../base/testing/small-disk.testing.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { event, names, openLog } from './audit-log.testing.ts'
import { verifyAuditLog } from './verify-log.testing.ts'

test('AuditLog on a disk that fills during a batch keeps answered records, and continues once there is space', {
  skip: whyNoSmallDisk,
}, async t => {
  const disk = smallDisk(t, 512 << 10)
  const directory = `${disk}/audit`
  const answered: string[] = []
  {
    await using log = await openLog(directory, { maxFileBytes: 64 << 10 })
    const write = async (name: string) => {
      await log.record(event('create', name, { userAgent: 'x'.repeat(3000) }))
      answered.push(name)
    }
    await write('first')
    // Space for only a part of the batch.
    const free = fillFrom(disk)
    const all = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => write(`full-${index}`)))
    const refused = all.flatMap(outcome => (outcome.status === 'rejected' ? [String(outcome.reason)] : []))
    assert.ok(refused.length > 0)
    assert.deepEqual([...new Set(refused)], ['AuditFailure: no space is left for the audit log'])
    assert.equal(log.refusal()?.message, 'no space is left for the audit log')
    free()
    await until(() => log.refusal() === undefined, 'room')
    for (let index = 0; index < 50; index++) await write(`after-${index}`)
  }
  const report = await verifyAuditLog(directory)
  assert.deepEqual(report.problems, [])
  const found = new Set(names(report.events))
  assert.deepEqual(
    answered.filter(name => !found.has(name)),
    [],
  )
  // Records of refused writes too: they show what was tried.
  assert.equal(names(report.events).filter(name => String(name).startsWith('full-')).length, 20)
})
