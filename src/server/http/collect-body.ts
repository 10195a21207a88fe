// The bytes of a request's body, within a limit that is checked before they are kept.
import type { Readable } from 'node:stream'
import { apiError, timedOut, tooLarge } from '../../api/status.ts'
import { GrowingBuffer } from '../../base/growing-buffer.ts'
import type { BodyTerms } from '../http2/request-body.ts'
import type { RequestHeaders } from './exchange.ts'

/** Upstream's limit for what a client may send. */
export const maxBodyBytes = 3 * 1024 * 1024

/** The longest that a whole body may take, as upstream's `--request-timeout`: the request holds a seat meanwhile, and HTTP/2 itself has no limit. */
export const maxBodyMs = 60_000

export function declaredLength(headers: RequestHeaders): number | undefined {
  const value = headers['content-length']
  return typeof value === 'string' ? Number(value) : undefined
}

/** Throws a 413 where more than `limit` bytes are announced or come, a 400 where the client stops in the middle or sends crumbs, and a 504 where it takes too long. */
export function collectBody(stream: Readable, limit: number, declared: number | undefined): Promise<Buffer> {
  if (declared !== undefined && declared > limit) {
    stream.resume()
    return Promise.reject(refusal(limit))
  }
  if (stream.readableEnded) return Promise.resolve(Buffer.alloc(0))
  // The client went while the request waited: nothing more would be told of the stream.
  if (stream.destroyed) return Promise.reject(endedEarly())
  const body = new GrowingBuffer()
  let size = 0
  // A stream, and so its listeners, may outlive the request by long: they let go of what came, and of who waits for it.
  let waiting: PromiseWithResolvers<Buffer> | undefined = Promise.withResolvers()
  const { promise } = waiting
  const refuse = (err: Error) => {
    body.clear()
    waiting?.reject(err)
    waiting = undefined
  }
  const timer = setTimeout(() => {
    // What comes late is let go of.
    refuse(tooSlow())
  }, maxBodyMs)
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (waiting === undefined) return
    if (size > limit) return refuse(refusal(limit))
    body.push(chunk)
    if (body.isCrumbled) refuse(crumbled())
  })
  stream.on('end', () => {
    clearTimeout(timer)
    waiting?.resolve(body.bytes())
    waiting = undefined
    body.clear()
  })
  const cutShort = (cause?: Error) => {
    clearTimeout(timer)
    refuse(endedEarly(cause))
  }
  stream.on('error', cutShort)
  stream.on('close', () => {
    if (!stream.readableEnded) cutShort()
  })
  return promise
}

export const endedEarly = (cause?: Error): Error =>
  apiError(400, 'BadRequest', 'the request body ended early', undefined, cause === undefined ? undefined : { cause })
const crumbled = (): Error => apiError(400, 'BadRequest', 'the request body comes in too many small pieces')
const tooSlow = (): Error => timedOut('request did not complete within the allotted timeout')
const refusal = (limit: number): Error => tooLarge(`limit is ${limit}`)

/** The same for bodies that come over HTTP/2. */
export const bodyTerms: BodyTerms = {
  maxMs: maxBodyMs,
  error(failure, limit) {
    switch (failure) {
      case 'too large':
        return refusal(limit)
      case 'too slow':
        return tooSlow()
      case 'ended early':
        return endedEarly()
    }
  },
}
