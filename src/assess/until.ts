// Waits for a state of the cluster by asking again and again: controllers, nodes and logs need a moment.
import type { Clock } from '../base/clock.ts'

const defaultPollMs = 20

/** Asks until the answer is not undefined, and returns it. Only the signal ends the wait before, with its reason. */
export async function until<T>(
  clock: Pick<Clock, 'sleep'>,
  ask: () => Promise<T | undefined> | T | undefined,
  signal: AbortSignal,
  pollMs = defaultPollMs,
): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await clock.sleep(pollMs, signal)
  }
}

/** The same, but undefined if there is no answer after `limitMs`. Asks at least once. */
export async function within<T>(
  limitMs: number,
  clock: Pick<Clock, 'sleep' | 'monotonic'>,
  ask: () => Promise<T | undefined> | T | undefined,
  signal: AbortSignal,
  pollMs = defaultPollMs,
): Promise<T | undefined> {
  const end = clock.monotonic() + limitMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined || clock.monotonic() >= end) return answer
    await clock.sleep(pollMs, signal)
  }
}
