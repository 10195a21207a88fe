// Timestamps and durations: text as RFC 3339 and Go write it, arithmetic within their ranges, calendar fields in a time zone.
import { goQuote } from '../../go-text/go-quote.ts'
import { isTimeZone } from '../../go-text/time-zone.ts'
import { fail } from './failure.ts'
import { Duration, Timestamp } from './values.ts'
import { addReading, addWork } from './work-counter.ts'

const second = 1_000_000_000n
/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z. */
const earliest = -62_135_596_800n * second
const latest = 253_402_300_800n * second - 1n

export function makeTimestamp(nanos: bigint, offset = 0): Timestamp {
  return nanos < earliest || nanos > latest ? fail('timestamp overflow') : new Timestamp(nanos, offset)
}

export const nanosOfSeconds = (seconds: number | bigint): bigint => BigInt(seconds) * second

export function makeDuration(nanos: bigint): Duration {
  return BigInt.asIntN(64, nanos) === nanos ? new Duration(nanos) : fail('integer overflow')
}

export const shiftTimestamp = ({ nanos, offset }: Timestamp, by: bigint): Timestamp => makeTimestamp(nanos + by, offset)
export const timeBetween = (from: Timestamp, to: Timestamp): Duration => makeDuration(to.nanos - from.nanos)
export const addDurations = ({ nanos }: Duration, by: bigint): Duration => makeDuration(nanos + by)

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d?):(\d\d):(\d\d)(?:[.,](\d{1,}))?(?:Z|([+-])(\d\d):(\d\d))$/

/** Nanoseconds since the epoch, and minutes ahead of UTC; undefined if the text is no RFC 3339 time. */
export function parseTimestamp(text: string): Pick<Timestamp, 'nanos' | 'offset'> | undefined {
  const match = rfc3339.exec(text)
  if (match === null) return undefined
  const [, year = '', month = '', day = '', hour = '', minute = '', seconds = '', fraction = '', sign, ...zone] = match
  const millis = Date.UTC(2000, Number(month) - 1, Number(day), Number(hour), Number(minute), Number(seconds))
  const date = new Date(millis)
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  const valid =
    date.getUTCMonth() + 1 === Number(month) &&
    date.getUTCDate() === Number(day) &&
    Number(hour) < 24 &&
    Number(minute) < 60 &&
    Number(seconds) < 60
  const [hours, minutes] = zone.map((part = '0') => Number(part)) as [number, number]
  // Go accepts offsets of 24 hours and of 60 minutes.
  if (!valid || hours > 24 || minutes > 60) return undefined
  const ahead = hours * 60 + minutes
  const offset = sign === '-' && ahead !== 0 ? -ahead : ahead
  const nanos = BigInt(date.getTime() - offset * 60_000) * 1_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'))
  return { nanos, offset }
}

/** In its original zone. */
export function formatTimestamp({ nanos, offset }: Timestamp): string {
  const part = ((nanos % second) + second) % second
  const date = new Date(Number((nanos - part) / 1_000_000n) + offset * 60_000).toISOString().replace('.000Z', '')
  const fraction = part === 0n ? '' : `.${String(part).padStart(9, '0').replace(/0+$/, '')}`
  return `${date}${fraction}${offset === 0 ? 'Z' : zoneText(offset)}`
}

function zoneText(offset: number): string {
  const [minutes, digits] = [Math.abs(offset), (part: number) => String(part).padStart(2, '0')]
  return `${offset < 0 ? '-' : '+'}${digits(Math.floor(minutes / 60))}:${digits(minutes % 60)}`
}

const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: second,
  m: 60n * second,
  h: 3600n * second,
}

/** Digits of a 64-bit number. */
const maxWhole = 19

/** Nanoseconds of a duration in Go's form, `1h30m`, `-1.5s`; undefined for any other text and beyond 64 bits. */
export function parseDuration(text: string): bigint | undefined {
  const sign = /^[+-]/.test(text) ? text.charAt(0) : ''
  const rest = text.slice(sign.length)
  if (rest === '0') return 0n
  if (!/^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) return undefined
  let total = 0n
  for (const [, whole = '', fraction = '', unit = ''] of rest.matchAll(/(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g)) {
    const size = units[unit] ?? 0n
    const digits = fraction.slice(0, 18)
    // Arithmetic with very many digits is slower than linear.
    const significant = whole.length > maxWhole ? whole.replace(/^0+/, '') : whole
    if (significant.length > maxWhole) return undefined
    total +=
      BigInt(significant === '' ? '0' : significant) * size + (digits === '' ? 0n : (BigInt(digits) * size) / 10n ** BigInt(digits.length))
  }
  const nanos = sign === '-' ? -total : total
  return BigInt.asIntN(64, nanos) === nanos ? nanos : undefined
}

/** Seconds with as many decimals as needed, `3600s`, CEL's form of durations. */
export function formatDuration({ nanos }: Duration): string {
  const size = nanos < 0n ? -nanos : nanos
  const fraction =
    size % second === 0n
      ? ''
      : `.${String(size % second)
          .padStart(9, '0')
          .replace(/0+$/, '')}`
  return `${nanos < 0n ? '-' : ''}${size / second}${fraction}s`
}

export interface CalendarFields {
  readonly year: number
  /** From 0. */
  readonly month: number
  /** From 1. */
  readonly day: number
  /** From 0, which is Sunday. */
  readonly weekday: number
  /** From 0. */
  readonly dayOfYear: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly millisecond: number
}

/** Work of a calendar computation. */
const calendarWork = 8

/** The calendar of a zone: undefined for UTC, `+02:00`, or a name of the time zone database. Fails for unknown zones. */
export function calendar({ nanos }: Timestamp, zone: string | undefined): CalendarFields {
  addWork(calendarWork)
  const millis = Number((nanos - (((nanos % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n)
  const date = new Date(millis + (zone === undefined || zone === '' || zone === 'UTC' || zone === 'Local' ? 0 : offsetMillis(millis, zone)))
  const year = date.getUTCFullYear()
  const start = new Date(0)
  start.setUTCFullYear(year, 0, 1)
  return {
    year,
    month: date.getUTCMonth(),
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
    dayOfYear: Math.floor((date.getTime() - start.getTime()) / 86_400_000),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    millisecond: date.getUTCMilliseconds(),
  }
}

/** Undefined for a name. */
function offsetMinutes(zone: string): number | undefined {
  const colon = zone.indexOf(':')
  if (colon === -1) return undefined
  const minutes = wholeNumber(zone.slice(colon + 1))
  return wholeNumber(zone.slice(0, colon)) * 60 + (zone.startsWith('-') ? -minutes : minutes)
}

/** Upstream accepts offsets of any size; larger ones than this are outside of the calendar. */
const maxDigits = 4

function wholeNumber(text: string): number {
  const wrong = /^[+-]?\d+$/.test(text) ? (text.length > maxDigits ? 'value out of range' : undefined) : 'invalid syntax'
  return wrong === undefined ? Number(text) : fail(`strconv.Atoi: parsing ${goQuote(text)}: ${wrong}`)
}

/** Work of a lookup in a zone, and of creating its format. */
const zoneWork = 150
const formatWork = 2000
/** More than there are zones. */
const maxFormats = 1000
const formats = new Map<string, Intl.DateTimeFormat>()

function offsetMillis(millis: number, zone: string): number {
  const fixed = offsetMinutes(zone)
  if (fixed !== undefined) return fixed * 60_000
  addWork(zoneWork)
  const parts = new Map(
    formatOf(zone)
      .formatToParts(millis)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0
  const local = new Date(0)
  local.setUTCFullYear(part('year'), part('month') - 1, part('day'))
  local.setUTCHours(part('hour'), part('minute'), part('second'))
  return local.getTime() - Math.floor(millis / 1000) * 1000
}

/** Formats are expensive to create, so each zone has one. */
function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known !== undefined) return known
  addWork(formatWork)
  addReading(zone.length)
  if (!isTimeZone(zone)) return fail(`unknown time zone ${zone}`)
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  if (formats.size >= maxFormats) formats.clear()
  formats.set(zone, made)
  return made
}
