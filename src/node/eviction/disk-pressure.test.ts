import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { DiskPressure } from './disk-pressure.ts'
import { defaultThresholds, type FileSystemFacts } from './thresholds.ts'

test('DiskPressure is reported for five minutes longer than it holds, and logged once', async () => {
  let now = 0
  let availableBytes = 5000
  const said: string[] = []
  const tell = (message: string) => void said.push(message)
  const pressure = new DiskPressure({
    thresholds: defaultThresholds,
    facts: async () => {
      const fs: FileSystemFacts = { capacityBytes: 10_000, availableBytes, inodes: 0, inodesFree: 0 }
      return { nodefs: fs, imagefs: fs, dedicated: false }
    },
    clock: { ...systemClock, monotonic: () => now },
    log: { ...silentLogger, error: tell, info: tell },
  })
  assert.equal((await pressure.look()).met.length, 0)
  assert.equal(pressure.isUnder, false)
  availableBytes = 1400
  assert.deepEqual(
    (await pressure.look()).met.map(({ signal }) => signal),
    ['imagefs.available'],
  )
  assert.equal(pressure.isUnder, true)
  availableBytes = 5000
  now = 299_999
  assert.equal((await pressure.look()).met.length, 0)
  assert.equal(pressure.isUnder, true)
  now = 300_000
  await pressure.look()
  assert.equal(pressure.isUnder, false)
  assert.deepEqual(said, ['the node is short of disk', 'the node has disk again'])
})
