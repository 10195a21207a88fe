// Streams large bodies: gathers parts into chunks worth a write, waits while the reader is behind, and yields to the event loop.

import { once } from 'node:events'
import { constants, createGzip } from 'node:zlib'
import { turn } from '../../base/async/turns.ts'
import { type BodyParts, writeTo } from './body-parts.ts'
import type { BodyStream, Sink } from './exchange.ts'

/** Writes of about this size cost little per byte and little memory. */
const chunkBytes = 128 * 1024
/** Computed parts take time: after this many the clock is checked. */
export const partsPerLook = 50
/** After this long the loop yields; with a fast reader, waiting for a drain does not yield. */
export const maxTurnMs = 4

/** For a large object: each takes milliseconds to read back and parse. */
const largeSourceBytes = 64 * 1024
/** Bytes of large objects between two yields; one that is larger is alone. */
const maxSourceBytes = 256 * 1024

export interface Parts {
  readonly head: Buffer
  /** The separator between two parts. Default: a comma. */
  readonly separator?: Buffer
  readonly count: number
  /** Whether `part` computes; false if it only returns cached bytes. */
  readonly computed: boolean
  part(index: number): Buffer
  /** Bytes of the stored object behind the part, which may be read back from a file and parsed. Default: few. */
  sourceBytes?(index: number): number
  readonly tail: Buffer
}

const comma = Buffer.from(',')

/** The whole body as one buffer; undefined if it has `limit` bytes or more. */
export function joinParts({ head, separator = comma, count, part, tail }: Parts, limit: number): BodyParts | undefined {
  const parts = [head]
  let length = head.length + tail.length
  for (let i = 0; i < count; i++) {
    if (i > 0 && separator.length > 0) {
      parts.push(separator)
      length += separator.length
    }
    const bytes = part(i)
    parts.push(bytes)
    length += bytes.length
    if (length >= limit) return undefined
  }
  parts.push(tail)
  return { parts, length }
}

export function streamParts(parts: Parts): BodyStream {
  const { separator = comma } = parts
  return async (sink, signal) => {
    // An empty chunk must not be written: in HTTP/1.1 it would end the body.
    let pending: Buffer[] = parts.head.length > 0 ? [parts.head] : []
    let size = parts.head.length
    let began = performance.now()
    let sources = 0
    for (let i = 0; i < parts.count; i++) {
      const source = parts.sourceBytes?.(i) ?? 0
      if (source >= largeSourceBytes) {
        if (sources > 0 && sources + source > maxSourceBytes) {
          await turn()
          signal.throwIfAborted()
          began = performance.now()
          sources = 0
        }
        sources += source
      }
      if (i > 0 && separator.length > 0) pending.push(separator)
      const bytes = parts.part(i)
      pending.push(bytes)
      size += bytes.length
      const full = size >= chunkBytes
      if (full) {
        signal.throwIfAborted()
        if (!writeTo(sink, pending)) await sink.drained()
        pending = []
        size = 0
      }
      if (!full && !(parts.computed && i % partsPerLook === partsPerLook - 1)) continue
      if (performance.now() - began < maxTurnMs) continue
      await turn()
      began = performance.now()
      sources = 0
    }
    if (parts.tail.length > 0) pending.push(parts.tail)
    if (pending.length > 0) writeTo(sink, pending)
  }
}

/** Compresses in the thread pool, at the speed of the reader. */
export function gzipped(body: BodyStream): BodyStream {
  return async (sink, signal) => {
    const gzip = createGzip({ level: constants.Z_BEST_SPEED })
    const inner: Sink = {
      write: chunk => gzip.write(chunk),
      drained: async () => {
        await once(gzip, 'drain', { signal })
      },
    }
    const writing = body(inner, signal).then(
      () => gzip.end(),
      (err: unknown) => gzip.destroy(err instanceof Error ? err : new Error(String(err))),
    )
    for await (const chunk of gzip) {
      if (!sink.write(Buffer.from(chunk))) await sink.drained()
    }
    await writing
  }
}
