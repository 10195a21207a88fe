// Waits that end early with a signal, and deadlines.
import type { Clock } from '../clock.ts'

/** Waits for `promise`; rejects with the signal's reason if that comes first. A later result or rejection of the promise is dropped. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => undefined)
    throw signal.reason
  }
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** A signal that aborts after `ms` of the clock; disposing it ends the wait. */
export function deadline(clock: Clock, ms: number): { readonly signal: AbortSignal } & Disposable {
  const late = new AbortController()
  const ended = new AbortController()
  clock.sleep(ms, ended.signal).then(
    () => late.abort(new DOMException('The time is over', 'TimeoutError')),
    // Disposed: the operation has ended in time.
    () => undefined,
  )
  return { signal: late.signal, [Symbol.dispose]: () => ended.abort() }
}
