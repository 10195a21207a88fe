import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OneByOne } from './serial-queue.ts'

test('OneByOne begins work when what came before has ended, also where that failed, and tells each of its own end', async () => {
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
