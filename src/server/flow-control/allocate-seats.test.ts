import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { allocateSeats, type Demand, type Shares, seatLimits } from './allocate-seats.ts'
import { mandatoryLevels, suggestedLevels } from './bootstrap-objects.ts'
import { FakeFlowClock } from './fake-flow-clock.testing.ts'
import { PriorityLevel } from './priority-level.ts'

test("seatLimits() divides 600 seats among Kubernetes' own levels as upstream does", () => {
  const levels = [...mandatoryLevels, ...suggestedLevels].map(object => new PriorityLevel(object, new FakeFlowClock()))
  const limits = seatLimits(
    600,
    levels.map(({ shares }) => shares),
  )
  assert.deepEqual(
    Object.fromEntries(levels.map(({ name }, index) => [name, [limits[index]?.nominal, limits[index]?.lower, limits[index]?.upper]])),
    {
      exempt: [0, 0, 600],
      'catch-all': [13, 13, 613],
      system: [74, 50, 674],
      'node-high': [98, 73, 698],
      'leader-election': [25, 25, 625],
      'workload-high': [98, 49, 698],
      'workload-low': [245, 24, 845],
      'global-default': [49, 24, 649],
    },
  )
})

test('seatLimits() limits borrowing, and allocates nothing if no level has a share', () => {
  const shares: Shares = { exempt: false, nominalShares: 10, lendablePercent: 20, borrowingPercent: 50 }
  assert.deepEqual(seatLimits(100, [shares]), [{ nominal: 100, lower: 80, upper: 150 }])
  assert.deepEqual(seatLimits(100, [{ ...shares, nominalShares: 0 }]), [{ nominal: 0, lower: 0, upper: 0 }])
})

const demand = (nominal: number, lower: number, wants: number, more: Partial<Demand> = {}): Demand => ({
  ...{ exempt: false, limits: { nominal, lower, upper: nominal + 100 }, highWatermark: wants, smoothed: wants },
  ...more,
})

const cases: readonly { readonly name: string; readonly demands: readonly Demand[]; readonly seats: readonly number[] }[] = [
  { name: 'who wants much gets what the idle one lends', demands: [demand(50, 10, 200), demand(50, 10, 0)], seats: [90, 10] },
  { name: 'who wants its own keeps it', demands: [demand(50, 10, 500), demand(50, 10, 50)], seats: [50, 50] },
  {
    name: 'nobody gets more than it may borrow',
    demands: [demand(50, 0, 500, { limits: { nominal: 50, lower: 0, upper: 60 } }), demand(50, 0, 0)],
    seats: [60, 40],
  },
  {
    name: 'what an exempt level uses is missing to the others',
    demands: [demand(0, 0, 20, { exempt: true }), demand(50, 10, 50), demand(50, 10, 50)],
    seats: [20, 40, 40],
  },
  {
    name: 'less is left than the others must keep',
    demands: [demand(0, 0, 90, { exempt: true }), demand(50, 20, 50), demand(50, 10, 50)],
    seats: [90, 20, 10],
  },
  { name: 'what nobody wants is divided by what each keeps', demands: [demand(50, 25, 0), demand(50, 25, 0)], seats: [50, 50] },
]
for (const { name, demands, seats } of cases) {
  test(`allocateSeats(): ${name}`, () => assert.deepEqual(allocateSeats(demands).seats, seats))
}

test('allocateSeats() allocates all seats, within the limits of each level', () => {
  const one = fc.record({
    nominal: fc.integer({ min: 0, max: 300 }),
    lendable: fc.double({ min: 0, max: 1, noNaN: true }),
    wants: fc.nat(600),
  })
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 10 }), levels => {
      const demands = levels.map(({ nominal, lendable, wants }) =>
        demand(nominal, Math.round(nominal * (1 - lendable)), wants, {
          limits: { nominal, lower: Math.round(nominal * (1 - lendable)), upper: nominal + 3000 },
        }),
      )
      const { seats } = allocateSeats(demands)
      const total = demands.reduce((sum, { limits }) => sum + limits.nominal, 0)
      const given = seats.reduce((sum, count) => sum + count, 0)
      assert.ok(Math.abs(total - given) <= levels.length, `${given} of ${total}`)
      seats.forEach((count, index) => {
        const { lower = 0, upper = 0 } = demands[index]?.limits ?? {}
        assert.ok(count >= lower && count <= upper, `${count} is not in ${lower}..${upper}`)
      })
    }),
  )
})
