import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeatDemand } from './seat-demand.ts'

test('SeatDemand.endPeriod() weights demand by its duration', () => {
  const demand = new SeatDemand(0)
  demand.set(10, 0)
  demand.set(0, 2500)
  const { average, deviation, highWatermark, smoothed } = demand.endPeriod(10_000)
  assert.equal(average, 2.5)
  assert.ok(Math.abs(deviation - Math.sqrt(25 - 6.25)) < 1e-9)
  assert.equal(highWatermark, 10)
  assert.ok(Math.abs(smoothed - (average + deviation)) < 1e-9)
})

test('SeatDemand.endPeriod() forgets past demand slowly, and follows new demand at once', () => {
  const demand = new SeatDemand(0)
  demand.set(100, 0)
  assert.equal(demand.endPeriod(10_000).smoothed, 100)
  demand.set(0, 10_000)
  demand.endPeriod(20_000)
  for (let period = 3; period <= 31; period++) demand.endPeriod(period * 10_000)
  const { smoothed, highWatermark } = demand.summary
  assert.ok(smoothed > 45 && smoothed < 55, `half is left after thirty periods: ${smoothed}`)
  assert.equal(highWatermark, 0)
  demand.set(200, 310_000)
  assert.equal(demand.endPeriod(320_000).smoothed, 200)
})
