import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stillHeld } from '../base/testing/retained-bytes.testing.ts'
import { type Holder, RecentObjects } from './recent-objects.ts'

describe('RecentObjects', () => {
  it('makes the oldest holder forget when the limit is exceeded', () => {
    const forgotten: string[] = []
    const holder = (name: string, size: number): Holder => ({ byteLength: size, forget: () => forgotten.push(name) })
    const recent = new RecentObjects(100)
    recent.add(holder('a', 40))
    recent.add(holder('b', 60))
    assert.deepEqual(forgotten, [])
    recent.add(holder('c', 30))
    assert.deepEqual(forgotten, ['a'])
    recent.add(holder('large', 1000))
    assert.deepEqual(forgotten, ['a', 'b', 'c'])
    for (let i = 0; i < 3000; i++) recent.add(holder(String(i), 50))
    assert.equal(forgotten.length, 4 + 2998)
  })

  it('holds no more forgotten holders than live ones', async () => {
    const recent = new RecentObjects(100)
    const holders: WeakRef<Holder>[] = []
    for (let i = 0; i < 500; i++) {
      const holder = { byteLength: 30, forget: () => undefined }
      holders.push(new WeakRef(holder))
      recent.add(holder)
    }
    await new Promise(resolve => setImmediate(resolve))
    const held = stillHeld(holders)
    assert.ok(held >= 3 && held <= 6, `${held} holders`)
    recent.add({ byteLength: 1, forget: () => undefined })
  })
})
