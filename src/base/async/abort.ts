// Waits that end early, and ends that come by themselves.
import type { Clock } from '../clock.ts'

/** Waits for `promise`; rejects with the signal's reason when that comes first. What the promise brings later is dropped, its rejection too. */
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

/** A signal that aborts when `ms` of the clock have passed; disposing of it ends the wait. */
export function deadline(clock: Clock, ms: number): { readonly signal: AbortSignal } & Disposable {
  const late = new AbortController()
  const ended = new AbortController()
  clock.sleep(ms, ended.signal).then(
    () => late.abort(new DOMException('The time is over', 'TimeoutError')),
    // Disposed of: what it was for has ended in time.
    () => undefined,
  )
  return { signal: late.signal, [Symbol.dispose]: () => ended.abort() }
}
