// The body of a registry's answer, limited in bytes and in time.
import type { IncomingMessage } from 'node:http'
import { setTimeout as timeout } from 'node:timers'
import { RegistryUnavailable, RegistryUntrustworthy } from './registry-error.ts'

/** Without a byte for so long, the body is given up. */
export const silenceMs = 30_000
/** Framing, such as extensions of chunks, may take so many times the bytes of the body, and this in addition. */
const framing = 4
const freeFraming = 1 << 20

/** `giveUpMs` is for tests. Rejects with RegistryUntrustworthy beyond `maxBytes`, with RegistryUnavailable if the body ends early or stops. */
export async function* readBody(
  answer: IncomingMessage,
  maxBytes: number,
  what: string,
  signal: AbortSignal,
  giveUpMs = silenceMs,
): AsyncGenerator<Buffer> {
  const { socket } = answer
  const mostOnTheWire = socket.bytesRead + framing * maxBytes + freeFraming
  let bytes = 0
  let silent = false
  const timer = timeout(() => {
    silent = true
    answer.destroy()
  }, giveUpMs).unref()
  const stop = (): void => void answer.destroy()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      timer.refresh()
      bytes += chunk.length
      if (bytes > maxBytes || socket.bytesRead > mostOnTheWire) throw new RegistryUntrustworthy(`${what} has more than ${maxBytes} bytes`)
      yield chunk
    }
    if (!answer.complete) throw new RegistryUnavailable(`${what} was cut after ${bytes} bytes`)
  } catch (err) {
    if (err instanceof RegistryUntrustworthy || err instanceof RegistryUnavailable) throw err
    signal.throwIfAborted()
    const why = silent ? `did not continue for ${giveUpMs / 1000} s` : `was cut after ${bytes} bytes`
    throw new RegistryUnavailable(`${what} ${why}`, { cause: err })
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    answer.destroy()
  }
}

/** For what is read as a whole: somebody could send a byte from time to time. */
export const wholeMs = 60_000

/** All bytes. `limitMs` is for tests. */
export async function wholeBody(
  answer: IncomingMessage,
  maxBytes: number,
  what: string,
  signal: AbortSignal,
  limitMs = wholeMs,
): Promise<Buffer> {
  const limit = AbortSignal.timeout(limitMs)
  const parts: Buffer[] = []
  try {
    for await (const part of readBody(answer, maxBytes, what, AbortSignal.any([signal, limit]))) parts.push(part)
  } catch (err) {
    if (!limit.aborted || signal.aborted) throw err
    throw new RegistryUnavailable(`${what} was not there after ${limitMs / 1000} s`, { cause: err })
  }
  return Buffer.concat(parts)
}

/** A longer body that nobody wants costs more than a new connection. */
const discardedBytes = 16 * 1024
const discardMs = 1_000

/**
 * Of an answer whose body nobody wants: reads it to its end if that is near, so that the connection serves again, else closes the connection.
 * Resolves when it has ended.
 */
export async function discard(answer: IncomingMessage, method: 'GET' | 'HEAD' = 'GET'): Promise<void> {
  const { 'content-length': length = '' } = answer.headers
  const isShort = method === 'HEAD' || (length !== '' && Number(length) <= discardedBytes)
  if (!isShort) return void answer.destroy()
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = timeout(() => answer.destroy(), discardMs).unref()
  answer.once('close', resolve)
  // Its end by a fault is not of interest.
  answer.on('error', () => resolve())
  answer.resume()
  await promise
  clearTimeout(timer)
}
