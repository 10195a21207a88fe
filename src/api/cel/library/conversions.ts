// Conversions between types: `int('3')`, `string(1.5)`, `type(x)`.
import type { EstimateCall } from '../functions/estimate.ts'
import * as estimate from '../functions/estimate.ts'
import { type CelFunction, free, type Overload } from '../functions/function.ts'
import { fail } from '../values/failure.ts'
import { asBool, asBytes, asDouble, asDuration, asInt, asString, asTimestamp, asUint } from '../values/narrow.ts'
import {
  formatDuration,
  formatTimestamp,
  makeDuration,
  makeTimestamp,
  nanosOfSeconds,
  parseDuration,
  parseTimestamp,
} from '../values/time.ts'
import type { CelType } from '../values/type.ts'
import * as t from '../values/type.ts'
import { type CelValue, Double, sizeOf, TypeValue, toInt, toUint, typeNameOf } from '../values/values.ts'
import { addReading, addWork } from '../values/work-counter.ts'

const second = 1_000_000_000n
const twoTo63 = 2 ** 63

const notConvertible = (type: CelType): never => fail(`type conversion error from 'string' to '${type.name}'`)

function doubleToInt(value: number): CelValue {
  const whole = Math.trunc(value)
  return Number.isNaN(value) || whole >= twoTo63 || whole <= -twoTo63 ? fail('integer overflow') : toInt(BigInt(whole))
}

function doubleToUint(value: number): CelValue {
  const whole = Math.trunc(value)
  return Number.isNaN(value) || whole >= twoTo63 * 2 || value < 0 ? fail('unsigned integer overflow') : toUint(BigInt(whole))
}

function textToInt(text: string): CelValue {
  const value = /^[+-]?\d{1,40}$/.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined
  return value === undefined || BigInt.asIntN(64, value) !== value ? notConvertible(t.int) : toInt(value)
}

function textToUint(text: string): CelValue {
  const value = /^\d{1,40}$/.test(text) ? BigInt(text) : undefined
  return value === undefined || BigInt.asUintN(64, value) !== value ? notConvertible(t.uint) : toUint(value)
}

const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
/** Characters of the longest text of a number or bool, including its sign. */
const maxWordLength = 9
const named: Readonly<Record<string, number>> = { inf: Number.POSITIVE_INFINITY, infinity: Number.POSITIVE_INFINITY, nan: Number.NaN }

function textToDouble(text: string): CelValue {
  addReading(text.length)
  if (decimal.test(text)) {
    const value = Number(text)
    return Number.isFinite(value) ? new Double(value) : notConvertible(t.double)
  }
  const size = text.length > maxWordLength ? undefined : named[text.toLowerCase().replace(/^[+-]/, '')]
  return size === undefined ? notConvertible(t.double) : new Double(text.startsWith('-') ? -size : size)
}

const booleans: Readonly<Record<string, boolean>> = {
  '1': true,
  t: true,
  T: true,
  true: true,
  TRUE: true,
  True: true,
  '0': false,
  f: false,
  F: false,
  false: false,
  FALSE: false,
  False: false,
}

function textToBool(text: string): boolean {
  return (text.length <= maxWordLength && Object.hasOwn(booleans, text) ? booleans[text] : undefined) ?? notConvertible(t.bool)
}

/** As Go's `%g` with the shortest digits: with an exponent from a million on and below a ten-thousandth. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  const size = Math.abs(value)
  if (value !== 0 && (size < 1e-4 || size >= 1e6)) {
    const [digits = '', exponent = ''] = value.toExponential().split('e')
    return `${digits}e${exponent.charAt(0)}${exponent.slice(1).padStart(2, '0')}`
  }
  return String(value)
}

/** Fails if the bytes are no UTF-8. */
export function bytesToText(bytes: Uint8Array): string {
  addReading(bytes.length)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (err) {
    if (err instanceof TypeError) return fail('invalid UTF-8 in bytes, cannot convert to string')
    throw err
  }
}

function timestampOf(text: string): CelValue {
  addWork(parsing)
  addReading(text.length)
  const read = parseTimestamp(text)
  return read === undefined ? notConvertible(t.timestamp) : makeTimestamp(read.nanos, read.offset)
}

/** Minimum work of reading a time. */
const parsing = 20

/** Declared but never computed, as upstream. */
const neverDuration = (): CelValue => fail("type conversion error from 'int' to 'google.protobuf.Duration'")

function durationOf(text: string): CelValue {
  addWork(parsing + text.length)
  const nanos = parseDuration(text)
  return nanos === undefined ? notConvertible(t.duration) : makeDuration(nanos)
}

function encoded(text: string): Uint8Array {
  addReading(text.length)
  return new TextEncoder().encode(text)
}

const identity = (id: string, type: CelType): Overload => free(id, [type], type, value => value)

/** Traverses the text or the bytes; the result may be up to four times as long, or a fourth. */
const walked = (factor: number, divisor: number) => ({
  cost: ([value = null]: readonly CelValue[]) => Math.ceil(sizeOf(value) * estimate.traversalFactor),
  estimate: ({ args: [value], size }: EstimateCall) => {
    if (value === undefined) return undefined
    const range = size(value)
    const max = Math.min(range.max * factor, estimate.unbounded)
    return { cost: estimate.scale(range, estimate.traversalFactor), size: { min: Math.floor(range.min / divisor), max } }
  },
})

const A = t.param('A')

export const conversions: readonly CelFunction[] = [
  { name: 'type', overloads: [free('type', [A], t.typeOf(A), value => new TypeValue(typeNameOf(value)))] },
  { name: 'dyn', overloads: [free('to_dyn', [A], t.dyn, value => value)] },
  {
    name: 'bool',
    overloads: [identity('bool_to_bool', t.bool), free('string_to_bool', [t.string], t.bool, value => textToBool(asString(value)))],
  },
  {
    name: 'int',
    overloads: [
      identity('int64_to_int64', t.int),
      free('double_to_int64', [t.double], t.int, value => doubleToInt(asDouble(value))),
      free('duration_to_int64', [t.duration], t.int, value => toInt(asDuration(value).nanos)),
      free('string_to_int64', [t.string], t.int, value => textToInt(asString(value))),
      free('timestamp_to_int64', [t.timestamp], t.int, value => toInt(floorSeconds(asTimestamp(value).nanos))),
      free('uint64_to_int64', [t.uint], t.int, value => toInt(asUint(value))),
    ],
  },
  {
    name: 'uint',
    overloads: [
      identity('uint64_to_uint64', t.uint),
      free('double_to_uint64', [t.double], t.uint, value => doubleToUint(asDouble(value))),
      free('int64_to_uint64', [t.int], t.uint, value => toUint(BigInt(asInt(value)))),
      free('string_to_uint64', [t.string], t.uint, value => textToUint(asString(value))),
    ],
  },
  {
    name: 'double',
    overloads: [
      identity('double_to_double', t.double),
      free('int64_to_double', [t.int], t.double, value => new Double(Number(asInt(value)))),
      free('string_to_double', [t.string], t.double, value => textToDouble(asString(value))),
      free('uint64_to_double', [t.uint], t.double, value => new Double(Number(asUint(value)))),
    ],
  },
  {
    name: 'string',
    overloads: [
      identity('string_to_string', t.string),
      free('bool_to_string', [t.bool], t.string, value => String(asBool(value))),
      free('bytes_to_string', [t.bytes], t.string, value => bytesToText(asBytes(value)), walked(1, 4)),
      free('double_to_string', [t.double], t.string, value => formatDouble(asDouble(value))),
      free('duration_to_string', [t.duration], t.string, value => formatDuration(asDuration(value))),
      free('int64_to_string', [t.int], t.string, value => String(asInt(value))),
      free('timestamp_to_string', [t.timestamp], t.string, value => formatTimestamp(asTimestamp(value))),
      free('uint64_to_string', [t.uint], t.string, value => String(asUint(value))),
    ],
  },
  {
    name: 'bytes',
    overloads: [
      identity('bytes_to_bytes', t.bytes),
      free('string_to_bytes', [t.string], t.bytes, value => encoded(asString(value)), walked(4, 1)),
    ],
  },
  {
    name: 'timestamp',
    overloads: [
      identity('timestamp_to_timestamp', t.timestamp),
      free('int64_to_timestamp', [t.int], t.timestamp, value => makeTimestamp(nanosOfSeconds(asInt(value)))),
      free('string_to_timestamp', [t.string], t.timestamp, value => timestampOf(asString(value))),
    ],
  },
  {
    name: 'duration',
    overloads: [
      identity('duration_to_duration', t.duration),
      free('int64_to_duration', [t.int], t.duration, neverDuration),
      free('string_to_duration', [t.string], t.duration, value => durationOf(asString(value))),
    ],
  },
]

function floorSeconds(nanos: bigint): bigint {
  const rest = ((nanos % second) + second) % second
  return (nanos - rest) / second
}
