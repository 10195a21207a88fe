// Waits until the reader of a response has room again, within a time limit.
import type { FinalReply } from './exchange.ts'

/** How long a client may leave a response unread, since its request holds a seat. Watches and logs hold none and may be read at any speed. */
export const maxStallMs = 60_000

export const stallMs = (reply: FinalReply): number | undefined => (reply.longRunning ? undefined : maxStallMs)

/** Calls `listener` at the next drain; undefined removes the listener. */
export type OnDrain = (listener: (() => void) | undefined) => void

/** Resolves at the next drain; rejects if the client disconnects, or has not read within `limitMs`. */
export function untilDrained(onDrain: OnDrain, signal: AbortSignal, limitMs?: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  if (signal.aborted) return Promise.reject(signal.reason)
  const over = (end: () => void) => {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    onDrain(undefined)
    end()
  }
  const onAbort = () => over(() => reject(signal.reason))
  const timer =
    limitMs === undefined ? undefined : setTimeout(() => over(() => reject(new Error('the client does not read its answer'))), limitMs)
  signal.addEventListener('abort', onAbort, { once: true })
  onDrain(() => over(resolve))
  return promise
}

/** The drain events of a Node stream. */
export function drainsOf(stream: {
  once(event: 'drain', listener: () => void): unknown
  off(event: 'drain', listener: () => void): unknown
}): OnDrain {
  let current: (() => void) | undefined
  return listener => {
    if (current !== undefined) stream.off('drain', current)
    current = listener
    if (listener !== undefined) stream.once('drain', listener)
  }
}
