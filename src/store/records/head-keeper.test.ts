import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../base/log.ts'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import { HeadKeeper } from './head-keeper.ts'
import type { StoreHead } from './store-head.ts'

const head = (revision: number): StoreHead => ({ revision, digest: Buffer.alloc(32, revision) })
const turn = () => new Promise(resolve => setImmediate(resolve))

test('HeadKeeper reports the newest head once a second while there are writes, and the last one when it closes', async () => {
  const clock = new FakeClock()
  const kept: number[] = []
  const keeper = new HeadKeeper({ clock, log: silentLogger, keep: async ({ revision }) => void kept.push(revision) })
  for (let revision = 2; revision <= 100; revision++) keeper.moved(head(revision))
  await turn()
  assert.deepEqual(kept, [2])
  await clock.advance(1000)
  assert.deepEqual(kept, [2, 100])
  await clock.advance(10_000)
  assert.deepEqual(kept, [2, 100])
  keeper.moved(head(101))
  keeper.moved(head(102))
  await keeper.close()
  assert.deepEqual(kept, [2, 100, 101, 102])
})

test('HeadKeeper retries without an answer, with the newest head', async () => {
  const clock = new FakeClock()
  const tried: number[] = []
  let fails = true
  const keeper = new HeadKeeper({
    clock,
    log: silentLogger,
    keep: async ({ revision }) => {
      tried.push(revision)
      if (fails) throw new Error('the signer is away')
    },
  })
  keeper.moved(head(2))
  await turn()
  keeper.moved(head(3))
  fails = false
  await clock.advance(1000)
  assert.deepEqual(tried, [2, 3])
  await keeper.close()
  assert.deepEqual(tried, [2, 3])
})
