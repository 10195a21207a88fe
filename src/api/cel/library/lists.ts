// Kubernetes' list functions: isSorted, sum, min, max, indexOf, lastIndexOf.

import { type CelFunction, type Library, member, type Overload } from '../functions/function.ts'
import { compare, equal } from '../values/equality.ts'
import { fail, Refused } from '../values/failure.ts'
import { asDouble, asDuration, asInt, asList, asUint } from '../values/narrow.ts'
import { makeDuration } from '../values/time.ts'
import type { CelType } from '../values/type.ts'
import * as t from '../values/type.ts'
import { type CelValue, Double, kindOf, toInt, toUint } from '../values/values.ts'
import { traverses } from './costs.ts'

const comparable: readonly [type: CelType, name: string][] = [
  [t.int, 'int'],
  [t.uint, 'uint'],
  [t.double, 'double'],
  [t.bool, 'bool'],
  [t.duration, 'duration'],
  [t.timestamp, 'timestamp'],
  [t.string, 'string'],
  [t.bytes, 'bytes'],
]

const kinds = new Set(comparable.map(([type]) => type.kind))
/** Items that are not comparable with each other are unsorted, without failure; items of an unordered type fail. */
const order = (a: CelValue, b: CelValue): number => {
  try {
    return compare(a, b) ?? 0
  } catch (err) {
    if (err instanceof Refused) return 0
    throw err
  }
}

function comparables(list: CelValue): readonly CelValue[] {
  const items = asList(list)
  if (items.some(item => !kinds.has(kindOf(item) as CelType['kind']))) throw new Refused()
  return items
}

const isSorted = (list: CelValue): boolean =>
  comparables(list).every((item, index, items) => index === 0 || order(items[index - 1] ?? null, item) <= 0)

/** The item that comes first in this direction. */
const extreme =
  (name: string, direction: 1 | -1) =>
  (list: CelValue): CelValue =>
    comparables(list).reduce<CelValue | undefined>(
      (best, item) => (best === undefined || order(item, best) * direction < 0 ? item : best),
      undefined,
    ) ?? fail(`${name} called on empty list`)

const sums: readonly [type: CelType, name: string, sum: (items: readonly CelValue[]) => CelValue][] = [
  [t.int, 'int', items => items.reduce<CelValue>((sum, item) => toInt(BigInt(asInt(sum)) + BigInt(asInt(item))), 0)],
  [t.uint, 'uint', items => items.reduce<CelValue>((sum, item) => toUint(asUint(sum) + asUint(item)), toUint(0n))],
  [t.double, 'double', items => new Double(items.reduce<number>((sum, item) => sum + asDouble(item), 0))],
  [t.duration, 'duration', items => makeDuration(items.reduce<bigint>((sum, item) => sum + asDuration(item).nanos, 0n))],
]

function forEachType(name: string, result: (item: CelType) => CelType, call: (list: CelValue) => CelValue): CelFunction {
  const row = ([type, word]: readonly [CelType, string]): Overload =>
    member(`list_${word}_${name}_${word}`, [t.list(type)], result(type), call, traverses)
  return { name, overloads: comparable.map(row) }
}

const A = t.param('A')

export const listsLibrary: Library = {
  functions: [
    forEachType('isSorted', () => t.bool, isSorted),
    forEachType('min', type => type, extreme('min', 1)),
    forEachType('max', type => type, extreme('max', -1)),
    {
      name: 'sum',
      overloads: sums.map(([type, name, sum]) =>
        member(`list_${name}_sum_${name}`, [t.list(type)], type, list => sum(asList(list)), traverses),
      ),
    },
    {
      name: 'indexOf',
      overloads: [
        member(
          'list_a_index_of_int',
          [t.list(A), A],
          t.int,
          (list, item) => asList(list).findIndex(other => equal(item, other)),
          traverses,
        ),
      ],
    },
    {
      name: 'lastIndexOf',
      overloads: [
        member(
          'list_a_last_index_of_int',
          [t.list(A), A],
          t.int,
          (list, item) => asList(list).findLastIndex(other => equal(item, other)),
          traverses,
        ),
      ],
    },
  ],
}
