import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { silentLogger as log } from '../../base/log.ts'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import { LogRotator, maxCheckMs, minCheckMs, type RunningLog, untilNextCheck } from './log-rotator.ts'

const limits = { bytes: 1000, files: 5 }
const { signal } = new AbortController()

async function start(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'log-rotator-'))
  t.after(() => rm(folder, { recursive: true }))
  const clock = new FakeClock()
  const running: RunningLog[] = ['quiet', 'busy'].map(name => ({ containerId: name, path: join(folder, name) }))
  for (const { path } of running) await writeFile(path, '')
  const reopened: string[] = []
  const disk = { free: 1_000_000 }
  const rotator = new LogRotator({
    logs: () => running,
    async reopen(id) {
      reopened.push(id)
      await writeFile(join(folder, id), '')
    },
    freeBytes: async () => disk.free,
    limits,
    clock,
    log,
  })
  return { folder, clock, reopened, disk, rotator }
}

test('LogRotator rotates a busy log as soon as it is full, and keeps the allowed number of files', async t => {
  const { folder, clock, reopened, disk, rotator } = await start(t)
  await rotator.look(signal)
  // Four times the limit between two checks, for a hundred checks.
  for (let round = 0; round < 100; round++) {
    await appendFile(join(folder, 'busy'), 'x'.repeat(4 * limits.bytes))
    disk.free -= 4 * limits.bytes
    await clock.advance(minCheckMs)
    await rotator.look(signal)
  }
  assert.equal(reopened.length, 100)
  assert.ok(reopened.every(id => id === 'busy'))
  const files = (await readdir(folder)).filter(name => name.startsWith('busy'))
  assert.ok(files.length <= limits.files, files.join())
  const sizes = await Promise.all(files.map(async name => (await stat(join(folder, name))).size))
  assert.ok(sizes.reduce((sum, size) => sum + size, 0) <= limits.files * 4 * limits.bytes)
})

test('LogRotator checks a quiet log rarely, and at once if the disk fills', async t => {
  const { folder, clock, reopened, disk, rotator } = await start(t)
  for (let looks = 0; looks < 3; looks++) {
    await rotator.look(signal)
    await clock.advance(minCheckMs)
  }
  await appendFile(join(folder, 'quiet'), 'x'.repeat(limits.bytes + 1))
  await rotator.look(signal)
  assert.deepEqual(reopened, [], 'its time has not come')
  disk.free -= limits.bytes + 1
  await clock.advance(minCheckMs)
  await rotator.look(signal)
  assert.deepEqual(reopened, ['quiet'])
  await appendFile(join(folder, 'busy'), 'x'.repeat(limits.bytes + 1))
  await clock.advance(maxCheckMs)
  await rotator.look(signal)
  assert.deepEqual(reopened, ['quiet', 'busy'])
})

const rows: readonly (readonly [what: string, bytes: number, rate: number | undefined, ms: number])[] = [
  ['whose rate is not known', 0, undefined, minCheckMs],
  ['that does not grow', 900, 0, maxCheckMs],
  ['that is full in a second', 0, 1, 500],
  ['that is full in no time', 999, 1000, minCheckMs],
  ['that hardly grows', 0, 0.001, maxCheckMs],
]
for (const [what, bytes, rate, ms] of rows)
  test(`untilNextCheck() of a log ${what} is ${ms} ms`, () => assert.equal(untilNextCheck(bytes, rate, 1000), ms))
