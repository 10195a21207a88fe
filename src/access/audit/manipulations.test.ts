// One random manipulation of each kind; manipulations.long.test.ts has a thousand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newDirectory } from './audit-log.testing.ts'
import { madeLog, manipulated, manipulations, randomOf } from './manipulations.testing.ts'
import { verifyLog } from './verify-log.ts'

const made = await madeLog(newDirectory())

test('verifyLog() accepts a log of several files and epochs', async () => {
  const report = await verifyLog(made.directory, { ...made, seen: [made.seen] })
  assert.deepEqual(report.problems, [])
  assert.equal(report.signedSize, report.size)
  assert.ok(report.files > 2 && report.epochs > 3)
})

for (const manipulation of manipulations) {
  test(`verifyLog() names each ${manipulation.name}`, async () => {
    const folder = newDirectory()
    await manipulated(made, manipulation, folder, randomOf(0))
    const seen = manipulation.needsSeen ? [made.seen] : []
    const { problems } = await verifyLog(folder, { ...made, seen })
    assert.notDeepEqual(problems, [])
  })
}
