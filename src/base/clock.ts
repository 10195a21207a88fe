// Time as a dependency, so that code that waits or takes timestamps can run deterministically.

export interface Clock {
  /** Milliseconds since the Unix epoch, for timestamps. The clock may be set, by hours or years in either direction. */
  now(): number
  /** Milliseconds of a clock that is never set, for durations. */
  monotonic(): number
  /** Resolves after `ms`, or rejects with the signal's reason. The timer does not keep the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }, ms)
      signal?.addEventListener('abort', onAbort, { once: true })
    }),
}

/** Waits `ms` or until the signal, whichever is first; the caller checks the signal. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal)
  } catch (err) {
    if (!signal.aborted) throw err
  }
}

/** Caches the last second: every request formats several times, nearly all of the same second. */
let last = { second: Number.NaN, text: '' }

/** `2026-01-02T03:04:05` of the second since the epoch. */
function dateTime(second: number): string {
  if (second !== last.second) last = { second, text: new Date(second * 1000).toISOString().slice(0, 19) }
  return last.text
}

/** RFC 3339 with seconds, as metav1.Time is written. */
export function formatTime(ms: number): string {
  return `${dateTime(Math.floor(ms / 1000))}Z`
}

/** RFC 3339 with microseconds, as metav1.MicroTime is written. */
export function formatMicroTime(ms: number): string {
  const second = Math.floor(ms / 1000)
  const rest = 1000 + Math.floor(ms - second * 1000)
  return `${dateTime(second)}.${String(rest).slice(1)}000Z`
}
