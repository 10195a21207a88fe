import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ControlBudget, maxControlFrames, maxEarnedFrames } from './control-budget.ts'

/** How many frames it has left. */
function left(spend: () => void): number {
  for (let count = 0; ; count++) {
    try {
      spend()
    } catch {
      return count
    }
  }
}

describe('ControlBudget', () => {
  test('spend() throws if nothing is left, until renew()', () => {
    const budget = new ControlBudget()
    assert.equal(
      left(() => budget.spend()),
      maxControlFrames,
    )
    assert.throws(() => budget.spend(), { code: 11, message: /control frames/ })
    budget.renew()
    assert.equal(
      left(() => budget.spend()),
      maxControlFrames,
    )
  })

  test('earn() gives two frames that widen windows, and one for each 256 bytes, in whatever pieces', () => {
    const budget = new ControlBudget()
    for (let i = 0; i < 256; i++) budget.earn(10)
    budget.earn(511)
    assert.equal(
      left(() => budget.spendOnWindow()),
      maxControlFrames + 257 * 2 + 11,
    )
  })

  test('streams whose answer has begun may be reset without limit, and what is not reset is limited', () => {
    const budget = new ControlBudget()
    for (let stream = 0; stream < 10 * maxControlFrames; stream++) {
      budget.earnReset()
      budget.spendOnReset()
    }
    for (let stream = 0; stream < 10 * maxControlFrames; stream++) budget.earnReset()
    assert.equal(
      left(() => budget.spendOnReset()),
      2 * maxControlFrames,
    )
  })

  test('earned budget is saved up to a limit, and not for other frames', () => {
    const budget = new ControlBudget()
    budget.earn(2 ** 30)
    budget.renew()
    assert.equal(
      left(() => budget.spend()),
      maxControlFrames,
    )
    budget.renew()
    assert.equal(
      left(() => budget.spendOnWindow()),
      maxEarnedFrames + maxControlFrames,
    )
  })
})
