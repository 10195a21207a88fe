import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CoalescedWork } from './coalesced-work.ts'

test('CoalescedWork runs once more for all requests that come during a run', async () => {
  const ends: (() => void)[] = []
  const work = new CoalescedWork(() => new Promise(resolve => ends.push(resolve)))
  work.request()
  work.request()
  await Promise.resolve()
  assert.equal(ends.length, 1)
  work.request()
  work.request()
  ends[0]?.()
  await new Promise(setImmediate)
  assert.equal(ends.length, 2)
  ends[1]?.()
  await work.idle()
  assert.equal(ends.length, 2)
})

test('CoalescedWork forgets no request, in whichever turn it comes', async () => {
  for (let turns = 0; turns < 12; turns++) {
    let [asked, seen] = [1, 0]
    const work = new CoalescedWork(async () => {
      seen = asked
      await Promise.resolve()
    })
    work.request()
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    asked = 2
    work.request()
    await work.idle()
    assert.equal(seen, 2, `after ${turns} turns`)
  }
})
