// Checks the logs of running containers as often as they grow, so that a busy log is rotated when full, at any rate.
import { stat } from 'node:fs/promises'
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { type RotationLimits, rotateLog } from './log-rotation.ts'

export interface RunningLog {
  readonly containerId: string
  readonly path: string
}

export interface LogRotatorOptions {
  readonly logs: () => Iterable<RunningLog>
  readonly reopen: (containerId: string, signal: AbortSignal) => Promise<void>
  /** Free bytes on the disk of logs. */
  readonly freeBytes: () => Promise<number>
  readonly limits: RotationLimits
  readonly clock: Clock
  readonly log: Logger
}

/** Between two checks of the disk, and the shortest interval for a fast-growing log. */
export const minCheckMs = 250
/** Longest interval, for a log that hardly grows. */
export const maxCheckMs = 10_000

interface Seen {
  readonly bytes: number
  readonly at: number
  readonly due: number
}

export class LogRotator {
  readonly #options: LogRotatorOptions
  /** By path. */
  #seen = new Map<string, Seen>()
  #freeBytes = 0

  constructor(options: LogRotatorOptions) {
    this.#options = options
  }

  /** Runs until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    while (!signal.aborted) {
      let wait = minCheckMs
      try {
        await this.look(signal)
      } catch (err) {
        if (signal.aborted) return
        log.error('logs not looked at', { err })
        wait = maxCheckMs
      }
      await pause(clock, wait, signal)
    }
  }

  /** Checks the logs that are due; all logs if the disk has lost at least one log's size since the last check. */
  async look(signal: AbortSignal): Promise<void> {
    const { logs, freeBytes, limits, clock } = this.#options
    const free = await freeBytes()
    const isFilling = this.#freeBytes - free > limits.bytes
    this.#freeBytes = free
    const now = clock.monotonic()
    const next = new Map<string, Seen>()
    for (const running of logs()) {
      const seen = this.#seen.get(running.path)
      const isDue = seen === undefined || isFilling || seen.due <= now
      next.set(running.path, isDue ? await this.#lookAt(running, seen, now, signal) : seen)
    }
    this.#seen = next
  }

  async #lookAt({ containerId, path }: RunningLog, seen: Seen | undefined, now: number, signal: AbortSignal): Promise<Seen> {
    const { limits, clock, log, reopen } = this.#options
    let bytes = (await stat(path).catch(() => undefined))?.size ?? 0
    const rate = seen === undefined || now <= seen.at ? undefined : Math.max(0, bytes - seen.bytes) / (now - seen.at)
    if (bytes > limits.bytes) {
      try {
        await rotateLog(path, limits, clock.now(), () => reopen(containerId, signal))
        bytes = 0
      } catch (err) {
        signal.throwIfAborted()
        log.error('log not rotated', { path, err })
      }
    }
    return { bytes, at: now, due: now + untilNextCheck(bytes, rate, limits.bytes) }
  }
}

/** Half the time left at this rate (bytes per millisecond), so that a log that grows faster is noticed in time. An unknown rate is undefined. */
export function untilNextCheck(bytes: number, rate: number | undefined, limit: number): number {
  if (rate === undefined) return minCheckMs
  if (rate === 0) return maxCheckMs
  return Math.min(maxCheckMs, Math.max(minCheckMs, (limit - bytes) / rate / 2))
}
