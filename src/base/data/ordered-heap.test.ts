import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OrderedHeap } from './ordered-heap.ts'

interface Item {
  readonly rank: number
  readonly number: number
}
const isBefore = (a: Item, b: Item) => a.rank < b.rank || (a.rank === b.rank && a.number < b.number)

test('OrderedHeap takes items in order, whatever is added and removed in between', () => {
  const steps = fc.array(fc.record({ rank: fc.nat(9), what: fc.constantFrom('add', 'add', 'take', 'remove', 'again') }))
  fc.assert(
    fc.property(steps, all => {
      const heap = new OrderedHeap<Item>(isBefore)
      let model: Item[] = []
      const first = () => [...model].sort((a, b) => (isBefore(a, b) ? -1 : 1))[0]
      for (const [number, { rank, what }] of all.entries()) {
        const item = { rank, number }
        const known = model[rank % Math.max(1, model.length)]
        if (what === 'add') {
          heap.add(item)
          model.push(item)
        } else if (what === 'take') {
          const taken = first()
          assert.equal(heap.take(), taken)
          model = model.filter(one => one !== taken)
        } else if (what === 'remove') {
          heap.remove(known ?? item)
          model = model.filter(one => one !== known)
        } else if (known !== undefined) heap.add(known)
        assert.equal(heap.first, first())
        assert.equal(heap.size, model.length)
        assert.deepEqual(new Set(heap.all), new Set(model))
      }
    }),
  )
})

test('OrderedHeap compares a logarithm of its items for each', () => {
  let compared = 0
  const heap = new OrderedHeap<Item>((a, b) => {
    compared++
    return isBefore(a, b)
  })
  const items = Array.from({ length: 4096 }, (_, number) => ({ rank: (number * 7919) % 4096, number }))
  for (const item of items) heap.add(item)
  for (const item of items.slice(0, 2048)) heap.remove(item)
  while (heap.take() !== undefined);
  assert.ok(compared < 4096 * 2 * 2 * 12, `${compared} comparisons`)
})
