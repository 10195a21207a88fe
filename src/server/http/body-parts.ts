// Bodies made of cached buffers. They are sent without a copy: copies of large lists would be garbage with every request.
import type { Writable } from 'node:stream'
import type { BodyStream, Sink } from './exchange.ts'

/** Buffers that make one body. */
export interface BodyParts {
  readonly parts: readonly Buffer[]
  /** Bytes of all parts. */
  readonly length: number
}

/** The parts as one buffer. */
export function joined(body: Buffer | BodyParts): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.concat(body.parts, body.length)
}

/** False if the reader is behind. */
export function writeTo(sink: Sink, chunks: readonly Buffer[]): boolean {
  const [first] = chunks
  if (first !== undefined && chunks.length === 1) return sink.write(first)
  return sink.writeAll?.(chunks) ?? sink.write(Buffer.concat(chunks))
}

/** Writes all parts before the stream sends any, so that they share packets. False if the reader is behind. */
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

/** A larger body is sent at the speed of its reader, and its request holds its seat until then. */
const maxAtOnce = 64 * 1024

/** Whether the body is sent in one piece. */
export function fitsOneWrite(body: Buffer | BodyParts | BodyStream): body is Buffer | BodyParts {
  return typeof body !== 'function' && body.length <= maxAtOnce
}

/** The body as a stream of pieces. */
export function inPieces(body: Buffer | BodyParts | BodyStream): BodyStream {
  if (typeof body === 'function') return body
  return async sink => {
    const bytes = joined(body)
    for (let at = 0; at < bytes.length; at += maxAtOnce) if (!sink.write(bytes.subarray(at, at + maxAtOnce))) await sink.drained()
  }
}
