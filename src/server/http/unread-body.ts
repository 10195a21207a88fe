// What a client still sends when nobody wants it any more. A socket that is closed with bytes unread resets its connection, and a client in the middle of writing
// loses the answer that is on its way: the rest is taken and thrown away, within bounds.
import type { Readable } from 'node:stream'

export const maxUnreadBytes = 4 * 1024 * 1024
export const maxUnreadMs = 5_000

/** Throws away whatever comes; `tooMuch` is called with each piece beyond the bound. */
export function dropUnread(stream: Readable, tooMuch: () => void): void {
  let bytes = 0
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxUnreadBytes) tooMuch()
  })
  stream.resume()
}

/** `late` is called where the stream is not closed in time. */
export function unlessClosed(stream: Readable, late: () => void): void {
  const timer = setTimeout(late, maxUnreadMs)
  timer.unref()
  stream.once('close', () => clearTimeout(timer))
}
