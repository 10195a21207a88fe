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
