// Parts of timestamps and durations.

import { type CelFunction, member, type Overload } from '../functions/function.ts'
import { asDuration, asString, asTimestamp } from '../values/narrow.ts'
import { type CalendarFields, calendar } from '../values/time.ts'
import * as t from '../values/type.ts'
import { toInt } from '../values/values.ts'

interface Part {
  readonly name: string
  /** Upstream's word for it in names of overloads. */
  readonly word: string
  of(fields: CalendarFields): number
  /** The unit of a duration's result, in nanoseconds. */
  readonly unit?: bigint
}

const parts: readonly Part[] = [
  { name: 'getFullYear', word: 'year', of: ({ year }) => year },
  { name: 'getMonth', word: 'month', of: ({ month }) => month },
  { name: 'getDayOfYear', word: 'day_of_year', of: ({ dayOfYear }) => dayOfYear },
  { name: 'getDayOfMonth', word: 'day_of_month', of: ({ day }) => day - 1 },
  { name: 'getDate', word: 'day_of_month_1_based', of: ({ day }) => day },
  { name: 'getDayOfWeek', word: 'day_of_week', of: ({ weekday }) => weekday },
  { name: 'getHours', word: 'hours', of: ({ hour }) => hour, unit: 3_600_000_000_000n },
  { name: 'getMinutes', word: 'minutes', of: ({ minute }) => minute, unit: 60_000_000_000n },
  { name: 'getSeconds', word: 'seconds', of: ({ second }) => second, unit: 1_000_000_000n },
  { name: 'getMilliseconds', word: 'milliseconds', of: ({ millisecond }) => millisecond, unit: 1_000_000n },
]

function overloads({ word, of, unit }: Part): Overload[] {
  const rows = [
    member(`timestamp_to_${word}`, [t.timestamp], t.int, time => of(calendar(asTimestamp(time), undefined))),
    member(`timestamp_to_${word}_with_tz`, [t.timestamp, t.string], t.int, (time, zone) => of(calendar(asTimestamp(time), asString(zone)))),
  ]
  // For a duration, all are totals.
  if (unit !== undefined) rows.push(member(`duration_to_${word}`, [t.duration], t.int, value => toInt(asDuration(value).nanos / unit)))
  return rows
}

export const times: readonly CelFunction[] = parts.map(part => ({ name: part.name, overloads: overloads(part) }))
