// A runtime outage makes all its callers fail at once: it is logged in one line and not with a stack for each pod.
import type { Clock } from '../../base/clock.ts'
import type { Logger, LogValues } from '../../base/log.ts'
import { messageOf } from '../../base/user-error.ts'
import { RuntimeError } from './runtime.ts'

/** An ongoing outage is logged again after this. */
const againMs = 60_000
const maxCauses = 8

/** Errors of a runtime that does not answer become one line per minute at level info; all of them are logged at level debug. */
export function quietOutages(log: Logger, clock: Clock): Logger {
  let saidAt = Number.NEGATIVE_INFINITY
  const quiet = (to: Logger): Logger => {
    const line = (level: 'error' | 'info') => (message: string, values?: LogValues) => {
      if (!isOutage(values?.['err'])) return to[level](message, values)
      to.debug(message, values)
      const now = clock.monotonic()
      if (now - saidAt < againMs) return
      saidAt = now
      to.info('container runtime does not answer', { during: message, err: messageOf(values?.['err']) })
    }
    return {
      error: line('error'),
      info: line('info'),
      debug: (message, values) => to.debug(message, values),
      with: values => quiet(to.with(values)),
    }
  }
  return quiet(log)
}

function isOutage(err: unknown): boolean {
  let cause = err
  for (let depth = 0; depth < maxCauses && cause instanceof Error; depth++) {
    if (cause instanceof RuntimeError && cause.code === 'Unavailable') return true
    cause = cause.cause
  }
  return false
}
