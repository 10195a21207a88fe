// Whether a source of advisories has fallen silent: it published nothing new for longer than it should. Pure.
import { UserError } from '../../base/user-error.ts'

const unitsMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90m`, `36h`, `7d` as milliseconds. */
export function parseAge(text: string): number {
  const [, number, unit = ''] = /^([1-9][0-9]{0,5})([mhd])$/.exec(text) ?? []
  if (number === undefined) throw new UserError(`--max-age must be a number of minutes, hours or days as 90m, 36h or 7d, got "${text}"`)
  return Number(number) * (unitsMs[unit] ?? 0)
}

/** Those whose content is older than `maxAgeMs`. */
export function silentSources<Source extends { readonly time: number }>(
  sources: readonly Source[],
  now: number,
  maxAgeMs: number,
): readonly Source[] {
  return sources.filter(({ time }) => now - time > maxAgeMs)
}
