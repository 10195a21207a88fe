// Answers that are made of kept bytes: sent as they are, for copies of large lists would be garbage at the pace of the requests.
import type { Writable } from 'node:stream'
import type { BodyStream, Sink } from './exchange.ts'

/** Kept bytes side by side. */
export interface BodyParts {
  readonly parts: readonly Buffer[]
  /** Of all of them together, in bytes. */
  readonly length: number
}

/** The same bytes in one piece. */
export function joined(body: Buffer | BodyParts): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.concat(body.parts, body.length)
}

/** False where the reader is behind. */
export function writeTo(sink: Sink, chunks: readonly Buffer[]): boolean {
  const [first] = chunks
  if (first !== undefined && chunks.length === 1) return sink.write(first)
  return sink.writeAll?.(chunks) ?? sink.write(Buffer.concat(chunks))
}

/** Writes all to the stream before it sends any, so that they share packets. False where the reader is behind. */
export function writeCorked(stream: Writable, chunks: readonly Buffer[]): boolean {
  let isFree = true
  stream.cork()
  for (const chunk of chunks) isFree = stream.write(chunk)
  stream.uncork()
  return isFree
}

/** Ends the stream with the body. */
export function endWith(stream: Writable, body: Buffer | BodyParts): void {
  if (Buffer.isBuffer(body)) stream.end(body)
  else {
    writeCorked(stream, body.parts)
    stream.end()
  }
}

/** A larger body goes at the pace of its reader, and holds the seat of its request until it is read. */
const maxAtOnce = 64 * 1024

/** Whether the body is handed over in one piece. */
export function fitsOneWrite(body: Buffer | BodyParts | BodyStream): body is Buffer | BodyParts {
  return typeof body !== 'function' && body.length <= maxAtOnce
}

/** The same body, a piece after the other. */
export function inPieces(body: Buffer | BodyParts | BodyStream): BodyStream {
  if (typeof body === 'function') return body
  return async sink => {
    const bytes = joined(body)
    for (let at = 0; at < bytes.length; at += maxAtOnce) if (!sink.write(bytes.subarray(at, at + maxAtOnce))) await sink.drained()
  }
}
