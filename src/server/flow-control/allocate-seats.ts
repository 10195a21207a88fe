// Divides the server's seats among priority levels: nominal shares, lendable seats, and borrowing (KEP-1040, borrowing between levels).

export interface Shares {
  readonly exempt: boolean
  readonly nominalShares: number
  readonly lendablePercent: number
  /** Undefined: no limit. */
  readonly borrowingPercent: number | undefined
}

export interface SeatLimits {
  readonly nominal: number
  /** Seats that remain when all lendable ones are lent. */
  readonly lower: number
  readonly upper: number
}

/** Seats of each level, rounded up as upstream does, so their sum may exceed `total` slightly. */
export function seatLimits(total: number, levels: readonly Shares[]): readonly SeatLimits[] {
  const sum = levels.reduce((all, { nominalShares }) => all + nominalShares, 0)
  return levels.map(({ nominalShares, lendablePercent, borrowingPercent }) => {
    const nominal = sum === 0 ? 0 : Math.ceil((total * nominalShares) / sum)
    const borrowing = borrowingPercent === undefined ? total : Math.round((nominal * borrowingPercent) / 100)
    return { nominal, lower: nominal - Math.round((nominal * lendablePercent) / 100), upper: nominal + borrowing }
  })
}

export interface Demand {
  readonly exempt: boolean
  readonly limits: SeatLimits
  /** The highest demand for seats in the last period. */
  readonly highWatermark: number
  /** The expected demand in the next period. */
  readonly smoothed: number
}

export interface Allocation {
  /** Seats of each level, in the order of the demands. */
  readonly seats: readonly number[]
  /** Seats per unit of demand, for levels that no limit decides. */
  readonly fairFraction: number
  readonly targets: readonly number[]
}

/**
 * Each level keeps the demanded part of its own seats. The rest is divided in proportion to demand, within the limits of each level. Exempt levels
 * never wait and are subtracted first.
 */
export function allocateSeats(demands: readonly Demand[]): Allocation {
  const total = demands.reduce((sum, { limits }) => sum + limits.nominal, 0)
  const floors = demands.map(({ exempt, limits, highWatermark }) =>
    Math.max(limits.lower, exempt ? highWatermark : Math.min(limits.nominal, highWatermark)),
  )
  const floorOf = (index: number): number => floors[index] ?? 0
  const targets = demands.map(({ smoothed }, index) => Math.max(floorOf(index), smoothed))
  const sumOver = (read: (demand: Demand, index: number) => number): number =>
    demands.reduce((sum, demand, index) => sum + (demand.exempt ? 0 : read(demand, index)), 0)
  const left = total - demands.reduce((sum, { exempt }, index) => sum + (exempt ? floorOf(index) : 0), 0)
  const lowest = sumOver(({ limits }) => limits.lower)
  const wanted = sumOver((_, index) => floorOf(index))
  const rounded = (read: (demand: Demand, index: number) => number): number[] =>
    demands.map((demand, index) => (demand.exempt ? floorOf(index) : Math.round(read(demand, index))))

  if (left <= lowest) return { seats: rounded(({ limits }) => limits.lower), fairFraction: 0, targets }
  if (left <= wanted) {
    const part = (left - lowest) / (wanted - lowest)
    return { seats: rounded(({ limits }, index) => limits.lower + (floorOf(index) - limits.lower) * part), fairFraction: 0, targets }
  }
  const bounded = (fraction: number) => (demand: Demand, index: number) =>
    Math.max(floorOf(index), Math.min(demand.limits.upper, fraction * Math.max(targets[index] ?? 0, smallestTarget)))
  const fairFraction = solve(fraction => sumOver(bounded(fraction)), left)
  return { seats: rounded(bounded(fairFraction)), fairFraction, targets }
}

/** A level without demand still gets seats, because unclaimed seats are divided too. */
const smallestTarget = 0.001

/** Where a monotonic sum reaches `wanted`, by bisection. */
function solve(sumAt: (fraction: number) => number, wanted: number): number {
  let low = 0
  let high = wanted / smallestTarget
  for (let step = 0; step < 80; step++) {
    const middle = (low + high) / 2
    if (sumAt(middle) < wanted) low = middle
    else high = middle
  }
  return high
}
