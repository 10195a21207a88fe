// The body of a registry's answer, limited in bytes and in time.
import type { IncomingMessage } from 'node:http'
import { setTimeout as timeout } from 'node:timers'
import { RegistryUnavailable, RegistryUntrustworthy } from './registry-error.ts'

/** Without a byte for so long, the body is given up. */
export const silenceMs = 30_000
/** Framing, such as extensions of chunks, may take so many times the bytes of the body, and this in addition. */
const framing = 4
const freeFraming = 1 << 20

/** Rejects with RegistryUntrustworthy beyond `maxBytes`, with RegistryUnavailable if the body ends early or stops. */
export async function* readBody(answer: IncomingMessage, maxBytes: number, what: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  const { socket } = answer
  const mostOnTheWire = socket.bytesRead + framing * maxBytes + freeFraming
  let bytes = 0
  let silent = false
  const timer = timeout(() => {
    silent = true
    answer.destroy()
  }, silenceMs).unref()
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
    const why = silent ? `did not continue for ${silenceMs / 1000} s` : `was cut after ${bytes} bytes`
    throw new RegistryUnavailable(`${what} ${why}`, { cause: err })
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    answer.destroy()
  }
}

/** All bytes. */
export async function wholeBody(answer: IncomingMessage, maxBytes: number, what: string, signal: AbortSignal): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of readBody(answer, maxBytes, what, signal)) parts.push(part)
  return Buffer.concat(parts)
}
