import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { StoredEntry } from './entry.ts'
import { keyOf, namespaceRange, OrderedSlots } from './ordered-slots.ts'

const entry = new StoredEntry({ namespace: '', name: '', revision: 1, bytes: Buffer.alloc(0), labels: undefined, extraFields: undefined })

function scanned(slots: OrderedSlots, from: string, to?: string): string[] {
  const keys: string[] = []
  slots.scan(from, to, slot => keys.push(slot.key) > 0)
  return keys
}

describe('OrderedSlots', () => {
  it('holds what a sorted array holds, after random insertions and removals over many chunks', () => {
    const key = fc.nat(3000).map(n => `k${n}`)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(key, fc.boolean()), { minLength: 1, maxLength: 400 }),
        fc.nat(3000),
        fc.nat(3000),
        (changes, low, high) => {
          const slots = new OrderedSlots()
          // Enough to begin with several chunks.
          const model = new Set(Array.from({ length: 1400 }, (_, i) => `k${(i * 7) % 3000}`))
          for (const present of model) slots.insert({ key: present, entry })
          for (const [changed, add] of changes) {
            if (add && !model.has(changed)) slots.insert({ key: changed, entry })
            if (!add) slots.remove(changed)
            if (add) model.add(changed)
            else model.delete(changed)
          }
          const sorted = [...model].sort()
          assert.equal(slots.size, sorted.length)
          assert.deepEqual(scanned(slots, ''), sorted)
          const [from, to] = [`k${low}`, `k${high}`]
          assert.deepEqual(
            scanned(slots, from, to),
            sorted.filter(present => present >= from && present < to),
          )
          assert.equal(slots.rank(from), sorted.filter(present => present < from).length)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('is empty again after everything was removed, and fills again', () => {
    const slots = new OrderedSlots()
    const keys = Array.from({ length: 2000 }, (_, i) => `k${String(i).padStart(4, '0')}`)
    for (const key of keys) slots.insert({ key, entry })
    for (const key of keys) slots.remove(key)
    assert.equal(slots.size, 0)
    assert.deepEqual(scanned(slots, ''), [])
    slots.insert({ key: 'again', entry })
    assert.deepEqual(scanned(slots, ''), ['again'])
  })
})

describe('namespaceRange()', () => {
  it('holds the keys of the namespace and no others', () => {
    const { from, to } = namespaceRange('a')
    const within = [
      keyOf('a', 'x'),
      keyOf('a', '.'),
      keyOf('a-b', 'x'),
      keyOf('ab', 'x'),
      keyOf('a.b', 'x'),
      keyOf('', 'a'),
      keyOf('a0', 'x'),
    ]
    assert.deepEqual(
      within.filter(key => key >= from && key < to),
      ['a/x', 'a/.'],
    )
  })
})
