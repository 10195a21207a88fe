// Reads the body of a request, and checks its limit before it buffers bytes.
import type { Readable } from 'node:stream'
import { apiError, timedOut, tooLarge } from '../../api/status.ts'
import { GrowingBuffer } from '../../base/data/growing-buffer.ts'
import type { BodyTerms } from '../http2/request-body.ts'
import type { RequestHeaders } from './exchange.ts'

/** The same limit as upstream. */
export const maxBodyBytes = 3 * 1024 * 1024

/** Time limit for a whole body, as upstream's `--request-timeout`. The request holds a seat meanwhile, and HTTP/2 has no limit of its own. */
export const maxBodyMs = 60_000

export function declaredLength(headers: RequestHeaders): number | undefined {
  const value = headers['content-length']
  return typeof value === 'string' ? Number(value) : undefined
}

/** Rejects with 413 if more than `limit` bytes are announced or arrive, 400 if the client stops early or sends too many small pieces, and 504 after the time limit. */
export function collectBody(stream: Readable, limit: number, declared: number | undefined): Promise<Buffer> {
  if (declared !== undefined && declared > limit) {
    stream.resume()
    return Promise.reject(refusal(limit))
  }
  if (stream.readableEnded) return Promise.resolve(Buffer.alloc(0))
  // The client disconnected while the request waited: the stream would emit no more events.
  if (stream.destroyed) return Promise.reject(endedEarly())
  const body = new GrowingBuffer()
  let size = 0
  // The stream and its listeners may live much longer than the request, so they must not keep the bytes or the promise.
  let waiting: PromiseWithResolvers<Buffer> | undefined = Promise.withResolvers()
  const { promise } = waiting
  const refuse = (err: Error) => {
    body.clear()
    waiting?.reject(err)
    waiting = undefined
  }
  const timer = setTimeout(() => {
    // Later bytes are dropped.
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

/** The same limits and errors for bodies over HTTP/2. */
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
