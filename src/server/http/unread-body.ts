// Reads and drops, within limits, what a client still sends after its response. Closing a socket with unread bytes resets the connection, and a client
// that is still writing would lose the response.
import type { Readable } from 'node:stream'

export const maxUnreadBytes = 4 * 1024 * 1024
export const maxUnreadMs = 5_000

/** Drops all bytes; calls `tooMuch` with each piece beyond the limit. */
export function dropUnread(stream: Readable, tooMuch: () => void): void {
  let bytes = 0
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxUnreadBytes) tooMuch()
  })
  stream.resume()
}

/** Calls `late` if the stream is not closed in time. */
export function unlessClosed(stream: Readable, late: () => void): void {
  const timer = setTimeout(late, maxUnreadMs)
  timer.unref()
  stream.once('close', () => clearTimeout(timer))
}
