import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OneByOne } from './serial-queue.ts'

test("OneByOne starts work after the previous one has ended or failed, and returns each one's own result", async () => {
  const work = new OneByOne()
  const seen: string[] = []
  const gate = Promise.withResolvers<void>()
  const first = work.run(async () => {
    seen.push('first')
    await gate.promise
    seen.push('its end')
    throw new Error('refused')
  })
  const second = work.run(async () => seen.push('second'))
  gate.resolve()
  await assert.rejects(first, /refused/)
  assert.equal(await second, 3)
  assert.deepEqual(seen, ['first', 'its end', 'second'])
})

test('OneByOne.isIdle is false while work runs or waits', async () => {
  const work = new OneByOne()
  assert.equal(work.isIdle, true)
  const first = work.run(() => Promise.reject(new Error('refused')))
  const gate = Promise.withResolvers<void>()
  const second = work.run(() => gate.promise)
  await assert.rejects(first, /refused/)
  assert.equal(work.isIdle, false)
  gate.resolve()
  await second
  assert.equal(work.isIdle, true)
})
