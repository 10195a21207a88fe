// `bulkhead prove --schedule`: runs proofs again and again, at low priority and one at a time, until it is stopped.
import { constants, setPriority } from 'node:os'
import { type Clock, pause } from '../../base/clock.ts'
import { parseGoDuration } from '../../base/config/go-duration.ts'
import { messageOf, UserError } from '../../base/user-error.ts'

/** More often would be a load, and fill the audit log. */
const minIntervalMs = 60_000
const maxIntervalMs = 7 * 86_400_000

export interface ScheduleOptions {
  readonly intervalMs: number
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  print(text: string): void
  /** One run of the proofs. A rejection is printed, and the next run comes in its time. */
  run(signal: AbortSignal): Promise<unknown>
}

/** Milliseconds. Throws a UserError for anything but a duration within the limits. */
export function intervalOf(text: string): number {
  const ms = parseGoDuration(text)
  if (typeof ms === 'number' && ms >= minIntervalMs && ms <= maxIntervalMs) return ms
  throw new UserError(`--schedule must be a duration of 1m to 168h, such as 6h, got "${text}"`)
}

/** Resolves at the signal. Between 90 % and 110 % of the interval, so that clusters that started together do not stay in step. */
export async function repeat({ intervalMs, clock, random, print, run }: ScheduleOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await run(signal)
    } catch (err) {
      if (signal.aborted) return
      print(`The proofs did not run: ${messageOf(err)}`)
    }
    const waitMs = Math.round(intervalMs * (0.9 + 0.2 * random()))
    print(`Next run at ${new Date(clock.now() + waitMs).toISOString()}`)
    await pause(clock, waitMs, signal)
  }
}

/** Requests of others come first on a machine that is busy. */
export const lowerPriority = (): void => setPriority(constants.priority.PRIORITY_LOW)
