// Arithmetic, order, equality, membership and size: CEL's own operators.
import type { CallEstimate, EstimateCall, EstimateNode, Range } from '../functions/estimate.ts'
import * as estimate from '../functions/estimate.ts'
import { type CelFunction, free, member, type Overload } from '../functions/function.ts'
import { compare, equal } from '../values/equality.ts'
import { fail, noSuchOverload } from '../values/failure.ts'
import { KeyedList } from '../values/keyed-list.ts'
import { asBool, asBytes, asDouble, asDuration, asInt, asList, asMap, asString, asTimestamp, asUint } from '../values/narrow.ts'
import { addDurations, shiftTimestamp, timeBetween } from '../values/time.ts'
import type { CelType } from '../values/type.ts'
import * as t from '../values/type.ts'
import { type CelValue, codePoints, Double, lookUp, mapSize, sizeOf, toInt, toUint } from '../values/values.ts'
import {
  authorizerType,
  cidrType,
  decisionType,
  formatType,
  groupCheckType,
  ipType,
  pathCheckType,
  quantityType,
  resourceCheckType,
  semverType,
  urlType,
} from './opaque-types.ts'

type Arithmetic = '+' | '-' | '*' | '/' | '%'

/** Fast if both operands and the result are numbers; otherwise exact with overflow. */
function intArithmetic(a: CelValue, b: CelValue, operator: Arithmetic): CelValue {
  const left = asInt(a)
  const right = asInt(b)
  if (typeof left === 'number' && typeof right === 'number') {
    if ((operator === '/' || operator === '%') && right === 0) return fail(operator === '/' ? 'division by zero' : 'modulus by zero')
    const result = small[operator](left, right)
    if (Number.isSafeInteger(result)) return result
  }
  return toInt(large(BigInt(left), BigInt(right), operator))
}

const small: Readonly<Record<Arithmetic, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => Math.trunc(a / b),
  '%': (a, b) => a % b,
}

function large(a: bigint, b: bigint, operator: Arithmetic): bigint {
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return b === 0n ? fail('division by zero') : a / b
    case '%':
      return b === 0n ? fail('modulus by zero') : a % b
  }
}

const doubleArithmetic: Readonly<Record<'+' | '-' | '*' | '/', (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
}

function numeric(operator: Arithmetic, name: string): Overload[] {
  const rows = [
    free(`${name}_int64`, [t.int, t.int], t.int, (a, b) => intArithmetic(a, b, operator)),
    free(`${name}_uint64`, [t.uint, t.uint], t.uint, (a, b) => toUint(large(asUint(a), asUint(b), operator))),
  ]
  if (operator === '%') return rows
  const act = doubleArithmetic[operator]
  // For operands of unknown types, the first row decides.
  return [free(`${name}_double`, [t.double, t.double], t.double, (a, b) => new Double(act(asDouble(a), asDouble(b)))), ...rows]
}

function concatBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}

/** Costs of concatenating two texts or byte lists: both are traversed. */
const joins = {
  cost: ([a = null, b = null]: readonly CelValue[]) => estimate.walk(sizeOf(a) + sizeOf(b)),
  estimate: (call: EstimateCall) => {
    const size = sumOfSizes(call)
    return { cost: estimate.scale(size, estimate.traversalFactor), size }
  },
}

function sumOfSizes({ args: [a, b], size }: EstimateCall): Range {
  return a === undefined || b === undefined ? estimate.unknownSize : estimate.add(size(a), size(b))
}

/** Costs of comparing texts, bytes or any values with `==`: the shorter of the two is traversed. */
export const comparison = {
  cost: ([a = null, b = null]: readonly CelValue[]) => estimate.walk(Math.min(sizeOf(a), sizeOf(b))),
  estimate: ({ args: [a, b], size }: EstimateCall) => {
    const of = (node: EstimateNode | undefined): number => (node === undefined ? estimate.unbounded : size(node).max)
    const max = Math.min(of(a), of(b))
    return { cost: estimate.scale({ min: max > 0 ? 1 : 0, max }, estimate.traversalFactor) }
  },
}

/** Kubernetes' values compare at constant cost, except URLs, which compare as texts. Upstream handles only `==`. */
const estimateEquality = (call: EstimateCall): CallEstimate => {
  const [a, b] = call.args
  if (a === undefined || b === undefined || !t.sameType(a.type, b.type)) return comparison.estimate(call)
  if (a.type.name === urlType.name) return { cost: textCost(b.computedSize?.max ?? 1) }
  if (a.type.name === formatType.name) return { cost: textCost(maxFormatSize) }
  return comparedAtOnce.has(a.type.name) ? { cost: estimate.fixed(1) } : comparison.estimate(call)
}

const comparedAtOnce = new Set(
  [
    ...[ipType, cidrType, quantityType, semverType],
    ...[authorizerType, pathCheckType, groupCheckType, resourceCheckType, decisionType],
  ].map(({ name }) => name),
)
/** Bytes of the longest name of a format. */
const maxFormatSize = 64
const textCost = (max: number): Range => estimate.scale({ min: 1, max }, estimate.traversalFactor)

function order(symbol: string, name: string, holds: (order: number) => boolean): CelFunction {
  const call = (a: CelValue, b: CelValue): CelValue => {
    const found = compare(a, b)
    return found !== undefined && holds(found)
  }
  const same: [type: CelType, suffix: string][] = [
    [t.bool, 'bool'],
    [t.int, 'int64'],
    [t.uint, 'uint64'],
    [t.double, 'double'],
    [t.string, 'string'],
    [t.bytes, 'bytes'],
    [t.timestamp, 'timestamp'],
    [t.duration, 'duration'],
  ]
  const numbers = same.slice(1, 4)
  const mixed = numbers.flatMap(left => numbers.filter(right => right !== left).map(right => [left, right] as const))
  const ranged = (type: CelType) => (type === t.string || type === t.bytes ? comparison : {})
  return {
    name: `_${symbol}_`,
    overloads: [
      ...same.map(([type, suffix]) => free(`${name}_${suffix}`, [type, type], t.bool, call, ranged(type))),
      ...mixed.map(([[left, from], [right, to]]) => free(`${name}_${from}_${to}`, [left, right], t.bool, call)),
    ],
  }
}

/**
 * Upstream concatenates lists without copying and charges 1; here each hundred items cost 1 more, so that no loop copies more than it is
 * charged for.
 */
const freeItems = 100
const maxItems = 1_000_000

function joinLists(a: readonly CelValue[], b: readonly CelValue[]): readonly CelValue[] {
  if (a.length + b.length > maxItems) return fail(`list has more than ${maxItems} items`)
  return a instanceof KeyedList ? a.joinedWith(b) : a.concat(b)
}

const [A, B] = [t.param('A'), t.param('B')]
const listOfA = t.list(A)
const mapOfAB = t.map(A, B)

const sizes: [type: CelType, suffix: string, size: (value: CelValue) => number][] = [
  [t.string, 'string', value => codePoints(asString(value))],
  [t.bytes, 'bytes', value => asBytes(value).length],
  [listOfA, 'list', value => asList(value).length],
  [mapOfAB, 'map', value => mapSize(asMap(value))],
]

export const operators: readonly CelFunction[] = [
  {
    name: '_+_',
    overloads: [
      free('add_bytes', [t.bytes, t.bytes], t.bytes, (a, b) => concatBytes(asBytes(a), asBytes(b)), joins),
      ...numeric('+', 'add'),
      free('add_string', [t.string, t.string], t.string, (a, b) => asString(a) + asString(b), joins),
      free('add_list', [listOfA, listOfA], listOfA, (a, b) => joinLists(asList(a), asList(b)), {
        cost: ([a = null, b = null]) => 1 + Math.floor((sizeOf(a) + sizeOf(b)) / freeItems),
        costsAlways: true,
        estimate: call => ({ cost: estimate.fixed(1), size: sumOfSizes(call) }),
      }),
      free('add_timestamp_duration', [t.timestamp, t.duration], t.timestamp, (a, b) => shiftTimestamp(asTimestamp(a), asDuration(b).nanos)),
      free('add_duration_timestamp', [t.duration, t.timestamp], t.timestamp, (a, b) => shiftTimestamp(asTimestamp(b), asDuration(a).nanos)),
      free('add_duration_duration', [t.duration, t.duration], t.duration, (a, b) => addDurations(asDuration(a), asDuration(b).nanos)),
    ],
  },
  {
    name: '_-_',
    overloads: [
      ...numeric('-', 'subtract'),
      free('subtract_timestamp_duration', [t.timestamp, t.duration], t.timestamp, (a, b) =>
        shiftTimestamp(asTimestamp(a), -asDuration(b).nanos),
      ),
      free('subtract_timestamp_timestamp', [t.timestamp, t.timestamp], t.duration, (a, b) => timeBetween(asTimestamp(b), asTimestamp(a))),
      free('subtract_duration_duration', [t.duration, t.duration], t.duration, (a, b) => addDurations(asDuration(a), -asDuration(b).nanos)),
    ],
  },
  { name: '_*_', overloads: numeric('*', 'multiply') },
  { name: '_/_', overloads: numeric('/', 'divide') },
  { name: '_%_', overloads: numeric('%', 'modulo') },
  {
    name: '-_',
    overloads: [
      free('negate_double', [t.double], t.double, a => new Double(-asDouble(a))),
      free('negate_int64', [t.int], t.int, a => intArithmetic(0, a, '-')),
    ],
  },
  { name: '!_', overloads: [free('logical_not', [t.bool], t.bool, a => !asBool(a))] },
  order('<', 'less', found => found < 0),
  order('<=', 'less_equals', found => found <= 0),
  order('>', 'greater', found => found > 0),
  order('>=', 'greater_equals', found => found >= 0),
  { name: '_==_', overloads: [free('equals', [A, A], t.bool, (a, b) => equal(a, b), { ...comparison, estimate: estimateEquality })] },
  { name: '_!=_', overloads: [free('not_equals', [A, A], t.bool, (a, b) => !equal(a, b), comparison)] },
  {
    name: '@in',
    overloads: [
      free('in_list', [A, listOfA], t.bool, (a, b) => asList(b).some(item => equal(a, item)), {
        cost: ([, items = null]) => sizeOf(items),
        estimate: ({ args: [, items], size }) => (items === undefined ? undefined : { cost: size(items) }),
      }),
      free('in_map', [A, mapOfAB], t.bool, (a, b) => lookUp(asMap(b), a) !== undefined),
    ],
  },
  {
    name: 'size',
    overloads: sizes.flatMap(([type, suffix, size]) => [
      free(`size_${suffix}`, [type], t.int, size),
      member(`${suffix}_size`, [type], t.int, size),
    ]),
  },
  // The planner evaluates the following itself; the rows are for the checker.
  { name: '_&&_', overloads: [free('logical_and', [t.bool, t.bool], t.bool, planned)] },
  { name: '_||_', overloads: [free('logical_or', [t.bool, t.bool], t.bool, planned)] },
  { name: '_?_:_', overloads: [free('conditional', [t.bool, A, A], A, planned)] },
  { name: '@not_strictly_false', overloads: [free('not_strictly_false', [t.bool], t.bool, value => value !== false)] },
  {
    name: '_[_]',
    overloads: [
      free('index_list', [listOfA, t.int], A, planned),
      free('index_map', [mapOfAB, A], B, planned),
      free('optional_list_index_int', [t.optional(listOfA), t.int], t.optional(A), planned),
      free('optional_map_index_value', [t.optional(mapOfAB), A], t.optional(B), planned),
    ],
  },
]

function planned(): CelValue {
  return fail(noSuchOverload)
}
