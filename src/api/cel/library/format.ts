// `'%s has %d'.format([name, count])` as in version 2 of cel-go's strings: numbers are written as in English.
import { writeJson } from '../../../base/write-json.ts'
import { fail } from '../values/failure.ts'
import { asInt } from '../values/narrow.ts'
import { formatDuration, formatTimestamp } from '../values/time.ts'
import {
  type AnyMap,
  type CelValue,
  Double,
  Duration,
  doubleOf,
  entriesOf,
  isList,
  isMap,
  type Kind,
  kindOf,
  Timestamp,
  TypeValue,
  typeNameOf,
  Uint,
} from '../values/values.ts'
import { addReading, addWork } from '../values/work-counter.ts'
import { bytesToText, formatDouble } from './conversions.ts'

export interface Clause {
  /** Its output; undefined if `write` itself refuses the value. */
  readonly kinds: ReadonlySet<Kind>
  /** The message for an argument of another kind; the name of its type follows. */
  readonly refusal: string
  write(value: CelValue, precision: number | undefined): string
}

const defaultPrecision = 6
/** Limit of decimals in a clause; more would build texts far larger than their cost. */
const maxPrecision = 100
/** Limit of characters of the whole result. */
const maxLength = 10_000_000
/** More digits of a number than are written, for rounding. */
const roundingWork = 50
const integers: readonly Kind[] = ['int', 'uint']

const whole = (value: CelValue): bigint => (value instanceof Uint ? value.value : BigInt(asInt(value)))

/** A double, or one of the texts for non-finite values. */
function real(value: CelValue, refusal: string): number {
  const named =
    typeof value === 'string'
      ? { NaN: Number.NaN, Infinity: Number.POSITIVE_INFINITY, '-Infinity': Number.NEGATIVE_INFINITY }[value]
      : undefined
  if (named !== undefined) return named
  return typeof value === 'number' || value instanceof Double ? doubleOf(value) : refuse(refusal, value)
}

const refuse = (refusal: string, value: CelValue): never => fail(`error during formatting: ${refusal}, was given ${typeNameOf(value)}`)

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? undefined : value > 0 ? '∞' : '-∞'
}

/** Digits with `precision` decimals; ties go to the even digit, as Go rounds. */
function rounded(value: number, precision: number): string {
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}${precision === 0 ? '' : `.${'0'.repeat(precision)}`}`
  const text = value.toFixed(precision)
  // Only far more digits than a double's fraction has show whether it is exactly in the middle.
  const digits = value.toFixed(Math.min(100, precision + 40))
  const isTie = /^50*$/.test(digits.slice(digits.indexOf('.') + 1 + precision))
  if (!isTie || '02468'.includes(text.at(-1) ?? '0')) return text
  return (value - Math.sign(value) * 10 ** -precision).toFixed(precision)
}

function grouped(digits: string): string {
  const [written = '', decimals] = digits.split('.')
  const sign = written.startsWith('-') ? '-' : ''
  const integer = written.slice(sign.length)
  const first = integer.length % 3
  const groups = sign + [integer.slice(0, first), ...(integer.slice(first).match(/\d{3}/g) ?? [])].filter(group => group !== '').join(',')
  return decimals === undefined ? groups : `${groups}.${decimals}`
}

const superscripts: Readonly<Record<string, string>> = {
  '-': '⁻',
  '0': '⁰',
  '1': '¹',
  '2': '²',
  '3': '³',
  '4': '⁴',
  '5': '⁵',
  '6': '⁶',
  '7': '⁷',
  '8': '⁸',
  '9': '⁹',
}

function power(value: number, precision: number): string {
  const [digits = '', exponent = ''] = value.toExponential(precision).split('e')
  const written = `${exponent.startsWith('-') ? '-' : ''}${exponent.slice(1).padStart(2, '0')}`
  return `${digits}\u202f×\u202f10${[...written].map(character => superscripts[character] ?? '').join('')}`
}

const fixedRefusal = 'fixed-point clause can only be used on doubles'
const scientificRefusal = 'scientific clause can only be used on doubles'

export const clauses: ReadonlyMap<string, Clause> = new Map<string, Clause>([
  [
    's',
    {
      kinds: new Set(['string', 'bool', 'bytes', 'int', 'uint', 'double', 'map', 'list', 'type', 'duration', 'timestamp', 'null']),
      refusal: 'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
      write: textOf,
    },
  ],
  ['d', { kinds: new Set(integers), refusal: 'decimal clause can only be used on integers', write: value => String(whole(value)) }],
  [
    'f',
    {
      kinds: new Set(['double', 'string']),
      refusal: fixedRefusal,
      write(value, precision = defaultPrecision) {
        const number = real(value, fixedRefusal)
        addWork(roundingWork)
        return special(number) ?? grouped(rounded(number, precision))
      },
    },
  ],
  [
    'e',
    {
      kinds: new Set(['double', 'string']),
      refusal: scientificRefusal,
      write(value, precision = defaultPrecision) {
        const number = real(value, scientificRefusal)
        addWork(roundingWork)
        return special(number) ?? power(number, precision)
      },
    },
  ],
  [
    'b',
    {
      kinds: new Set([...integers, 'bool']),
      refusal: 'only integers and bools can be formatted as binary',
      write: value => (typeof value === 'boolean' ? (value ? '1' : '0') : whole(value).toString(2)),
    },
  ],
  ['o', { kinds: new Set(integers), refusal: 'octal clause can only be used on integers', write: value => whole(value).toString(8) }],
  ['x', hex(text => text)],
  ['X', hex(text => text.toUpperCase())],
])

function hex(finish: (text: string) => string): Clause {
  return {
    kinds: new Set([...integers, 'string', 'bytes']),
    refusal: 'only integers, byte buffers, and strings can be formatted as hex',
    write(value) {
      if (typeof value === 'string') return finish(Buffer.from(value).toString('hex'))
      return finish(value instanceof Uint8Array ? Buffer.from(value).toString('hex') : whole(value).toString(16))
    },
  }
}

/** The output of `%s`. */
function textOf(value: CelValue): string {
  addWork(1)
  if (typeof value === 'string') return value
  if (typeof value === 'number') return kindOf(value) === 'int' ? String(value) : formatDouble(value)
  if (value === null || typeof value !== 'object') return String(value)
  if (value instanceof Uint) return String(value.value)
  if (value instanceof Double) return formatDouble(value.value)
  if (value instanceof Uint8Array) return bytesToText(value)
  if (value instanceof Timestamp) return formatTimestamp(value)
  if (value instanceof Duration) return formatDuration(value)
  if (value instanceof TypeValue) return value.name
  if (isList(value)) return `[${value.map(nested).join(', ')}]`
  if (isMap(value)) return `{${pairs(value).join(', ')}}`
  return refuse(clauses.get('s')?.refusal ?? '', value)
}

/** The form of a value within a list or a map: a CEL literal. */
function nested(value: CelValue): string {
  addWork(2)
  if (typeof value === 'string') {
    addReading(value.length)
    return writeJson(value)
  }
  if (value instanceof Uint8Array) return `b${writeJson(bytesToText(value))}`
  if (value instanceof Timestamp) return `timestamp("${formatTimestamp(value)}")`
  if (value instanceof Duration) return `duration("${formatDuration(value)}")`
  const number = value instanceof Double ? value.value : typeof value === 'number' && kindOf(value) === 'double' ? value : undefined
  if (number === undefined) return textOf(value)
  addWork(roundingWork)
  return Number.isFinite(number) ? rounded(number, defaultPrecision) : writeJson(formatDouble(number))
}

const keyKinds: ReadonlySet<Kind> = new Set(['string', 'bool', ...integers])

function pairs(map: AnyMap): string[] {
  return [...entriesOf(map)]
    .map(([key, value]) => {
      if (!keyKinds.has(kindOf(key))) return fail(`error during formatting: no formatting function for map key of type ${typeNameOf(key)}`)
      return { key: nested(key), value: nested(value) }
    })
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, value }) => `${key}:${value}`)
}

const unreadable = 'could not parse formatting clause'
const noDigits = 'error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax'

/** Goes through a pattern: copies the text between clauses and replaces each clause by the result of `write`. Fails for an invalid clause. */
export function eachClause(pattern: string, write: (clause: Clause, index: number, precision: number | undefined) => string): string {
  let next = 0
  return pattern.replace(/%(?:%|(\.\d*)?(.?))/gsu, (found: string, dot: string | undefined, letter: string | undefined) => {
    addWork(4)
    if (found === '%%') return '%'
    if (letter === undefined || letter === '') {
      if (dot === undefined) return fail('unexpected end of string')
      return fail(`${unreadable}: error while parsing precision: could not find end of precision specifier`)
    }
    if (dot === '.') return fail(`${unreadable}: error while parsing precision: ${noDigits}`)
    const clause = clauses.get(letter)
    if (clause === undefined) return fail(`${unreadable}: unrecognized formatting clause ${writeJson(letter)}`)
    const precision = dot === undefined ? undefined : Number(dot.slice(1))
    if (precision !== undefined && precision > maxPrecision) return fail(`${unreadable}: precision ${precision} is above ${maxPrecision}`)
    return write(clause, next++, precision)
  })
}

/** Fails if a clause has no argument or one of another type. */
export function formatText(pattern: string, args: readonly CelValue[]): string {
  let length = pattern.length
  return eachClause(pattern, (clause, index, precision) => {
    const value = args[index]
    if (value === undefined) return fail(`index ${index} out of range`)
    if (!clause.kinds.has(kindOf(value))) return refuse(clause.refusal, value)
    const text = clause.write(value, precision)
    addReading(text.length)
    length += text.length
    return length > maxLength ? fail(`result has more than ${maxLength} characters`) : text
  })
}
