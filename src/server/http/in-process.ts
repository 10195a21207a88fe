// Requests from within the process: they pass the whole pipeline, with an identity that is known by construction.

import { tooLarge } from '../../api/status.ts'
import type { UserInfo } from '../../api/user.ts'
import type { Logger } from '../../base/log.ts'
import { answerHeaders, headersByName } from './answer-headers.ts'
import { joined } from './body-parts.ts'
import type { FinalReply, Pipeline, RequestHeaders, ServerRequest, Sink } from './exchange.ts'

/** The same shape as the client's `Transport`, which this layer must not import. */
export interface InProcessTransport extends AsyncDisposable {
  request(request: InProcessRequest, signal: AbortSignal): Promise<InProcessResponse>
}

export interface InProcessRequest {
  readonly method: string
  readonly path: string
  readonly headers?: RequestHeaders
  readonly body?: Buffer
}

export interface InProcessResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: AsyncIterable<Buffer>
}

/** Buffered bytes from which on the writer has to wait. */
const highWaterMark = 1024 * 1024

export interface InProcessOptions {
  readonly handle: Pipeline
  readonly user: UserInfo
  /** The default `user-agent`. */
  readonly userAgent?: string
  readonly log: Logger
}

/** Disposing ends its open streams. */
export function inProcessTransport(options: InProcessOptions): InProcessTransport {
  const { handle, user, userAgent, log } = options
  const agent = userAgent === undefined ? {} : { 'user-agent': userAgent }
  const closed = new AbortController()
  return {
    async request(request, caller) {
      const ended = new AbortController()
      const signal = AbortSignal.any([caller, closed.signal, ended.signal])
      signal.throwIfAborted()
      const headers = { ...agent, ...lowerCased(request.headers) }
      const { body = Buffer.alloc(0) } = request
      const serverRequest: ServerRequest = {
        method: request.method,
        url: request.path,
        headers,
        credentials: { remoteAddress: '127.0.0.1' },
        identity: user,
        signal,
        end: reason => ended.abort(reason),
        body: limit => (body.length > limit ? Promise.reject(tooLarge(`limit is ${limit}`)) : Promise.resolve(body)),
      }
      const reply = await handle(serverRequest)
      return { status: reply.status, headers: flattened(reply), body: bodyOf(reply, signal, log) }
    },
    async [Symbol.asyncDispose]() {
      closed.abort(new Error('the transport was closed'))
    },
  }
}

function lowerCased(headers: RequestHeaders | undefined): RequestHeaders {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]))
}

function flattened(reply: FinalReply): Record<string, string> {
  const entries = Object.entries(headersByName(answerHeaders(reply)))
  return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === 'string' ? value : value.join(', ')]))
}

function bodyOf(reply: FinalReply, signal: AbortSignal, log: Logger): AsyncIterable<Buffer> {
  const { body } = reply
  if (typeof body !== 'function') {
    reply.done({ bytes: body.length, cut: false })
    return one(joined(body))
  }
  const cancelled = new AbortController()
  const queue = new ChunkQueue()
  const ended = AbortSignal.any([signal, cancelled.signal])
  // The body starts at once, as over the network: a watch must see events from before its first chunk is read.
  body(queue, ended).then(
    () => {
      reply.done({ bytes: queue.bytes, cut: false })
      queue.end()
    },
    (err: unknown) => {
      if (!ended.aborted) log.error('answer cut', { auditID: reply.auditId, err })
      reply.done({ bytes: queue.bytes, cut: true })
      queue.fail(err)
    },
  )
  return queue.read(() => cancelled.abort(new Error('the reader is gone')))
}

async function* one(body: Buffer): AsyncGenerator<Buffer> {
  if (body.length > 0) yield body
}

class ChunkQueue implements Sink {
  #chunks: Buffer[] = []
  #waiting = 0
  #wake: (() => void) | undefined
  #drained: { promise: Promise<void>; resolve: () => void } | undefined
  #end: { readonly err?: unknown } | undefined
  bytes = 0

  write(chunk: Buffer): boolean {
    this.#chunks.push(chunk)
    this.#waiting += chunk.length
    this.bytes += chunk.length
    this.#wake?.()
    return this.#waiting < highWaterMark
  }

  writeAll(chunks: readonly Buffer[]): boolean {
    let isFree = true
    for (const chunk of chunks) isFree = this.write(chunk)
    return isFree
  }

  drained(): Promise<void> {
    if (this.#waiting < highWaterMark) return Promise.resolve()
    this.#drained ??= Promise.withResolvers<void>()
    return this.#drained.promise
  }

  end(): void {
    this.#end ??= {}
    this.#wake?.()
  }

  fail(err: unknown): void {
    this.#end ??= { err }
    this.#wake?.()
  }

  async *read(onReturn: () => void): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        if (this.#chunks.length > 0) {
          const chunks = this.#chunks
          this.#chunks = []
          this.#waiting = 0
          this.#drained?.resolve()
          this.#drained = undefined
          yield* chunks
          continue
        }
        if (this.#end !== undefined) {
          if ('err' in this.#end) throw this.#end.err
          return
        }
        await new Promise<void>(resolve => {
          this.#wake = resolve
        })
        this.#wake = undefined
      }
    } finally {
      onReturn()
    }
  }
}
