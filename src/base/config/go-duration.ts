// Durations as Go's `time.ParseDuration` reads them and complains, and as its `String` writes them: `1h30m`, `-1.5s`.
import { writeJson } from '../write-json.ts'

const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Milliseconds, or Go's complaint. */
export function parseGoDuration(text: string): number | string {
  const whole = writeJson(text)
  const unsigned = text.replace(/^[-+]/, '')
  if (unsigned === '0') return 0
  if (unsigned === '') return `time: invalid duration ${whole}`
  let rest = unsigned
  let total = 0
  while (rest !== '') {
    const number = /^(\d+\.?\d*|\.\d+)/.exec(rest)?.[0]
    if (number === undefined) return `time: invalid duration ${whole}`
    rest = rest.slice(number.length)
    const unit = /^[^.\d]+/.exec(rest)?.[0]
    if (unit === undefined) return `time: missing unit in duration ${whole}`
    const factor = Object.hasOwn(units, unit) ? units[unit] : undefined
    if (factor === undefined) return `time: unknown unit ${writeJson(unit)} in duration ${whole}`
    rest = rest.slice(unit.length)
    total += Number(number) * factor
  }
  return text.startsWith('-') ? -total : total
}

/** Whole milliseconds, not negative: `0s`, `801ms`, `1.25s`, `1m2s`, `1h0m0.5s`. */
export function formatGoDuration(ms: number): string {
  if (ms < 1000) return ms === 0 ? '0s' : `${ms}ms`
  const minutes = Math.floor(ms / 60_000)
  const seconds = `${(ms % 60_000) / 1000}s`
  if (minutes === 0) return seconds
  return minutes < 60 ? `${minutes}m${seconds}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`
}
