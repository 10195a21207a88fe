// Random manipulations of each kind: a hundred, or as many as MANIPULATIONS says (a thousand take half an hour).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newDirectory } from './audit-log.testing.ts'
import { madeLog, manipulated, manipulations, randomOf } from './manipulations.testing.ts'
import { verifyLog } from './verify-log.ts'

const made = await madeLog(newDirectory())
const count = Number(process.env['MANIPULATIONS'] ?? 100)

for (const manipulation of manipulations) {
  test(`verifyLog() names each ${manipulation.name}`, async () => {
    const folder = newDirectory()
    for (let seed = 0; seed < count; seed++) {
      await manipulated(made, manipulation, folder, randomOf(seed))
      const seen = manipulation.needsSeen ? [made.seen] : []
      const { problems } = await verifyLog(folder, { ...made, seen })
      assert.notDeepEqual(problems, [], `seed ${seed}`)
    }
  })
}
