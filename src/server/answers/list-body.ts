// Bodies of lists: small ones in one piece, others at the speed of their readers.
import type { ListResult } from '../../store/store.ts'
import { gzipped, joinParts, type Parts, streamParts } from '../http/chunked-body.ts'
import { type BodyStream, header, type Reply, type ServerRequest } from '../http/exchange.ts'
import type { ResourceContext } from '../request/request-context.ts'

/** Smaller responses are sent as one buffer. */
export const streamFrom = 64 * 1024
/** Upstream compresses responses from this size on. */
const compressFrom = 128 * 1024

export interface ListMeta {
  readonly resourceVersion: string
  readonly continue?: string
  readonly remainingItemCount?: number
}

/** Size of the objects of a computed response, up to the limit that matters. */
export function sourceSize({ served: { view } }: ResourceContext, { entries }: ListResult): number {
  let size = entries.length * 2048
  if (view.computes(entries)) return size
  for (const entry of entries) {
    if (size >= streamFrom) break
    size += entry.byteLength
  }
  return size
}

/** `size` is an estimate in bytes of computed bodies, so that one that is too large for one piece is not started in vain. */
export function bytesReply(context: ResourceContext, parts: Parts, size = 0, contentType = 'application/json'): Reply {
  const whole = size < streamFrom ? joinParts(parts, streamFrom) : undefined
  if (whole !== undefined) return { status: 200, contentType, body: whole }
  return streamReply(context, streamParts(parts), () => size || sizeOf(parts), contentType)
}

/** The body in pieces, compressed if requested and worth it. */
export function streamReply({ request }: ResourceContext, body: BodyStream, size: () => number, contentType: string): Reply {
  const base = { status: 200, contentType }
  if (!wantsGzip(request) || size() < compressFrom) return { ...base, body }
  return { ...base, body: gzipped(body), headers: { 'content-encoding': 'gzip', vary: 'Accept-Encoding' } }
}

const loopback = /^(::ffff:)?127\.|^::1$/

/** On the same machine, compression costs both sides more time than the bytes. */
function wantsGzip({ headers, credentials }: ServerRequest): boolean {
  return /\bgzip\b/.test(header(headers, 'accept-encoding') ?? '') && !loopback.test(credentials.remoteAddress)
}

function sizeOf(parts: Parts): number {
  let size = 0
  for (let i = 0; i < parts.count && size < compressFrom; i++) size += parts.part(i).length
  return size
}
