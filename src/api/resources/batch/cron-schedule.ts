// The five-field schedules of CronJobs, with the messages of the cron parser that upstream uses.
import { parseGoDuration } from '../../../base/config/go-duration.ts'
import { parseInt64 } from '../../go-text/go-int64.ts'
import { isTimeZone } from '../../go-text/time-zone.ts'

interface Bounds {
  readonly min: number
  readonly max: number
  readonly names?: Readonly<Record<string, number>>
}

const months = Object.fromEntries(
  ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'].map((name, index) => [name, index + 1]),
)
const weekdays = Object.fromEntries(['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'].map((name, index) => [name, index]))
const fields: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: weekdays },
]
const descriptors = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']

/** The problem of a schedule; undefined if it is valid. */
export function scheduleProblem(schedule: string): string | undefined {
  let spec = schedule
  const zone = /^(?:TZ|CRON_TZ)=(\S*)\s*(.*)$/.exec(spec)
  if (zone !== null) {
    const [, name = '', rest = ''] = zone
    if (!['', 'UTC', 'Local'].includes(name) && !isTimeZone(name)) return `provided bad location ${name}: unknown time zone ${name}`
    spec = rest
  }
  if (spec.startsWith('@')) return descriptorProblem(spec)
  const parts = spec.split(/\s+/).filter(part => part !== '')
  if (parts.length !== fields.length) return `expected exactly 5 fields, found ${parts.length}: [${parts.join(' ')}]`
  for (const [index, bounds] of fields.entries()) {
    const problem = fieldProblem(parts[index] ?? '', bounds)
    if (problem !== undefined) return problem
  }
  return undefined
}

function descriptorProblem(spec: string): string | undefined {
  if (descriptors.includes(spec)) return undefined
  if (spec.startsWith('@every ')) {
    const duration = parseGoDuration(spec.slice('@every '.length))
    return typeof duration === 'string' ? `failed to parse duration ${spec}: ${duration}` : undefined
  }
  return `unrecognized descriptor: ${spec}`
}

function fieldProblem(field: string, bounds: Bounds): string | undefined {
  for (const expression of field.split(',').filter(part => part !== '')) {
    const problem = rangeProblem(expression, bounds)
    if (problem !== undefined) return problem
  }
  return undefined
}

function rangeProblem(expression: string, bounds: Bounds): string | undefined {
  const [range = '', step, ...moreSteps] = expression.split('/')
  const [low = '', high, ...moreLimits] = range.split('-')
  let start = bounds.min
  let end = bounds.max
  if (low !== '*' && low !== '?') {
    const first = boundOf(low, bounds)
    if (typeof first === 'string') return first
    start = first
    end = first
    if (moreLimits.length > 0) return `too many hyphens: ${expression}`
    if (high !== undefined) {
      const last = boundOf(high, bounds)
      if (typeof last === 'string') return last
      end = last
    }
  }
  if (moreSteps.length > 0) return `too many slashes: ${expression}`
  const every = step === undefined ? 1 : numberOf(step)
  if (typeof every === 'string') return every
  if (step !== undefined && high === undefined) end = bounds.max
  if (start < bounds.min) return `beginning of range (${start}) below minimum (${bounds.min}): ${expression}`
  if (end > bounds.max) return `end of range (${end}) above maximum (${bounds.max}): ${expression}`
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${expression}`
  return every === 0 ? `step of range should be a positive number: ${expression}` : undefined
}

function boundOf(text: string, { names }: Bounds): number | string {
  const name = text.toLowerCase()
  if (names !== undefined && Object.hasOwn(names, name)) return names[name] ?? 0
  return numberOf(text)
}

function numberOf(text: string): number | string {
  const number = parseInt64(text)
  if (typeof number === 'string') return `failed to parse int from ${text}: ${number.replace('ParseInt', 'Atoi')}`
  return number < 0 ? `negative number (${number}) not allowed: ${text}` : number
}
