import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ControlBudget, maxControlFrames } from './control-budget.ts'

/** How many frames it has left. */
function left(budget: ControlBudget): number {
  for (let count = 0; ; count++) {
    try {
      budget.spend()
    } catch {
      return count
    }
  }
}

describe('ControlBudget', () => {
  test('spend() throws where nothing is left', () => {
    const budget = new ControlBudget()
    assert.equal(left(budget), maxControlFrames)
    assert.throws(() => budget.spend(), { code: 11, message: /ask for nothing/ })
  })

  test('earn() gives a frame for each KiB, in whatever pieces', () => {
    const budget = new ControlBudget()
    for (let i = 0; i < 1024; i++) budget.earn(10)
    budget.earn(2047)
    assert.equal(left(budget), maxControlFrames + 11)
  })

  test('renew() leaves what was earned since the last time and not used, and no more', () => {
    const budget = new ControlBudget()
    budget.earn(5000 * 1024)
    for (let i = 0; i < maxControlFrames + 2000; i++) budget.spend()
    budget.renew()
    assert.equal(left(budget), maxControlFrames + 3000)
    const idle = new ControlBudget()
    idle.earn(5000 * 1024)
    idle.renew()
    idle.renew()
    idle.renew()
    assert.equal(left(idle), maxControlFrames)
  })
})
