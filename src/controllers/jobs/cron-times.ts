// Due times of a CronJob's schedule in its time zone. Pure; times in ms since the epoch. src/api/resources/batch/cron-schedule.ts validates
// schedules.

export interface Schedule {
  /** The first due time after `after`; undefined if there is none within five years. */
  next(after: number): number | undefined
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const searchedYears = 5

const aliases: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}
const monthNames = ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** A zone in the schedule itself takes precedence over `timeZone`. Throws RangeError for an unknown zone. */
export function parseSchedule(text: string, timeZone: string): Schedule {
  const named = /^(?:TZ|CRON_TZ)=(\S+)\s+(.*)$/.exec(text)
  const zone = named?.[1] ?? timeZone
  const spec = (named?.[2] ?? text).trim()
  if (spec.startsWith('@every ')) return every(durationMs(spec.slice('@every '.length)))
  const parts = (aliases[spec] ?? spec).split(/\s+/)
  if (parts.length !== 5) throw new Error(`expected exactly 5 fields, found ${parts.length}: [${parts.join(' ')}]`)
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = parts
  const fields = {
    minutes: parseField(minute, 0, 59, []),
    hours: parseField(hour, 0, 23, []),
    days: parseField(day, 1, 31, []),
    months: parseField(month, 1, 12, monthNames),
    weekdays: parseField(weekday, 0, 6, dayNames),
    // If both days are set, either matches.
    eitherDay: !isStar(day) && !isStar(weekday),
  }
  const clock = zoneClock(zone)
  return { next: after => search(fields, clock, after) }
}

function every(ms: number): Schedule {
  const step = Math.max(1000, Math.floor(ms / 1000) * 1000)
  return { next: after => Math.floor((after + step) / 1000) * 1000 }
}

const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: minuteMs, h: hourMs }

function durationMs(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1
  let ms = 0
  for (const [, count, unit = ''] of text.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)) ms += Number(count) * (units[unit] ?? 0)
  return sign * ms
}

interface Fields {
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly days: ReadonlySet<number>
  readonly months: ReadonlySet<number>
  readonly weekdays: ReadonlySet<number>
  readonly eitherDay: boolean
}

/** `*` and `?`, also with step one. A greater step restricts days. */
const isStar = (field: string): boolean => field.split(',').some(part => /^[*?](\/1)?$/.test(part))

function parseField(field: string, min: number, max: number, names: readonly string[]): Set<number> {
  const values = new Set<number>()
  for (const part of field.split(',')) {
    const [range = '', step] = part.split('/')
    const [low = '', high] = range.split('-')
    const isAny = low === '*' || low === '?'
    const first = isAny ? min : numberOf(low, names)
    const last = isAny ? max : high !== undefined ? numberOf(high, names) : step === undefined ? first : max
    for (let value = first; value <= last; value += Math.max(1, Number(step ?? 1))) values.add(value)
  }
  return values
}

function numberOf(text: string, names: readonly string[]): number {
  const named = text === '' ? -1 : names.indexOf(text.toLowerCase())
  return named === -1 ? Number(text) : named
}

interface WallClock {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
}

interface ZoneClock {
  at(time: number): WallClock
  /** Local midnight, or the first moment of the day if midnight is skipped. */
  startOf(year: number, month: number, day: number): number
}

function zoneClock(timeZone: string): ZoneClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  })
  const at = (time: number): WallClock => {
    const found: Record<string, number> = {}
    for (const { type, value } of format.formatToParts(time)) found[type] = Number(value)
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = found
    return { year, month, day, hour, minute }
  }
  const asUtc = ({ year, month, day, hour, minute }: WallClock) => Date.UTC(year, month - 1, day, hour, minute)
  return {
    at,
    startOf(year, month, day) {
      const wanted = Date.UTC(year, month - 1, day)
      let time = wanted
      // Corrected by the offset at the guess; a second round is needed if the guess was beyond a change of the offset.
      for (let round = 0; round < 2; round++) time += wanted - asUtc(at(time))
      return time
    },
  }
}

/** Walks in real time, so that a skipped hour is never due and a repeated one is due twice, as in upstream's parser. */
function search(fields: Fields, clock: ZoneClock, after: number): number | undefined {
  let time = Math.floor(after / minuteMs) * minuteMs + minuteMs
  const lastYear = clock.at(time).year + searchedYears
  for (;;) {
    const { year, month, day, hour, minute } = clock.at(time)
    if (year > lastYear) return undefined
    if (!fields.months.has(month)) time = forward(time, month === 12 ? clock.startOf(year + 1, 1, 1) : clock.startOf(year, month + 1, 1))
    else if (!isDay(fields, year, month, day)) {
      const tomorrow = new Date(Date.UTC(year, month - 1, day) + dayMs)
      time = forward(time, clock.startOf(tomorrow.getUTCFullYear(), tomorrow.getUTCMonth() + 1, tomorrow.getUTCDate()))
    } else if (!fields.hours.has(hour)) time += (60 - minute) * minuteMs
    else if (!fields.minutes.has(minute)) time += minuteMs
    else return time
  }
}

/** Always advances, whatever a zone does at midnight. */
const forward = (from: number, to: number): number => (to > from ? to : from + hourMs)

function isDay({ days, weekdays, eitherDay }: Fields, year: number, month: number, day: number): boolean {
  const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay()
  return eitherDay ? days.has(day) || weekdays.has(weekday) : days.has(day) && weekdays.has(weekday)
}
