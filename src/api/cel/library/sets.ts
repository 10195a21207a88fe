// sets.contains, sets.equivalent, sets.intersects: lists as sets.
import * as estimate from '../functions/estimate.ts'
import { type CelFunction, free, type Library } from '../functions/function.ts'
import { equal } from '../values/equality.ts'
import { asList } from '../values/narrow.ts'
import * as t from '../values/type.ts'
import { type CelValue, sizeOf } from '../values/values.ts'
import type { Costs } from './costs.ts'

const has = (list: readonly CelValue[], item: CelValue): boolean => list.some(other => equal(item, other))
const contains = (list: readonly CelValue[], part: readonly CelValue[]): boolean => part.every(item => has(list, item))

/** Compares each item of one list with each of the other, `times` times. */
const compares = (times: number): Costs => ({
  cost: ([a = null, b = null]) => 1 + Math.floor(sizeOf(a) * sizeOf(b) * times),
  costsAlways: true,
  estimate({ args: [a, b], size }) {
    if (a === undefined || b === undefined) return undefined
    return { cost: estimate.add(estimate.scale(estimate.multiply(size(a), size(b)), times), estimate.fixed(1)) }
  },
})

const list = t.list(t.param('T'))

function row(name: string, holds: (a: readonly CelValue[], b: readonly CelValue[]) => boolean, times: number): CelFunction {
  const call = (a: CelValue, b: CelValue): boolean => holds(asList(a), asList(b))
  return { name: `sets.${name}`, overloads: [free(`list_sets_${name}_list`, [list, list], t.bool, call, compares(times))] }
}

export const setsLibrary: Library = {
  functions: [
    row('contains', contains, 1),
    row('equivalent', (a, b) => contains(a, b) && contains(b, a), 2),
    row('intersects', (a, b) => a.some(item => has(b, item)), 1),
  ],
}
