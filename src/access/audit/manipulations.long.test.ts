// A thousand random manipulations of each kind.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newDirectory } from './audit-log.testing.ts'
import { madeLog, manipulated, manipulations, randomOf } from './manipulations.testing.ts'
import { verifyLog } from './verify-log.ts'

const made = await madeLog(newDirectory())

for (const manipulation of manipulations) {
  test(`verifyLog() names each ${manipulation.name}`, async () => {
    const folder = newDirectory()
    for (let seed = 0; seed < 1000; seed++) {
      await manipulated(made, manipulation, folder, randomOf(seed))
      const seen = manipulation.needsSeen ? [made.seen] : []
      const { problems } = await verifyLog(folder, { ...made, seen })
      assert.notDeepEqual(problems, [], `seed ${seed}`)
    }
  })
}
