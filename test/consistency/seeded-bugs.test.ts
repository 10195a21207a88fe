import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryStore } from '../../src/store/memory.ts'
import { checkHistory } from './check-history.ts'
import type { History } from './history.ts'
import { Random } from './random.ts'
import { runClients } from './run-clients.ts'
import { type SeededBug, seededBugs } from './seeded-bugs.ts'
import { StoreTarget } from './store-target.ts'
import type { Target } from './target.ts'

const noBug: SeededBug = { name: 'none', plant: () => target => target }

async function historyWith(bug: SeededBug, seed: number): Promise<History> {
  await using store = createMemoryStore()
  const plant = bug.plant()
  /** Answers take turns of the event loop, so that operations overlap. */
  const slow = (target: Target): Target => ({
    ...{ watch: (...args) => target.watch(...args), list: (...args) => target.list(...args) },
    async write(write) {
      await turn()
      const answer = await target.write(write)
      await turn()
      return answer
    },
    async read(key) {
      await turn()
      return target.read(key)
    },
  })
  const turn = () => new Promise(resolve => setImmediate(resolve))
  const random = new Random(seed)
  // The store stays open until the run has ended.
  return await runClients({
    targetOf: () => plant(slow(new StoreTarget(store))),
    random,
    restMs: 1,
    enough: operations => operations > 4_000,
  })
}

test('checkHistory() finds nothing in what the store in memory does', async () => {
  for (const seed of [1, 2, 3]) assert.deepEqual(checkHistory(await historyWith(noBug, seed)), [])
})

for (const bug of seededBugs)
  test(`checkHistory() finds that ${bug.name}`, async () => {
    const violations = checkHistory(await historyWith(bug, 7))
    assert.notDeepEqual(violations, [])
  })
