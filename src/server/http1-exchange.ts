// Requests that come over HTTP/1.1.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Credentials } from '../access/access.ts'
import type { Logger } from '../base/log.ts'
import { answerHeaders } from './answer-headers.ts'
import { collectBody, declaredLength } from './collect-body.ts'
import type { FinalReply, RequestHeaders, ServerRequest, Sink } from './exchange.ts'
import { untilDrained } from './http2-exchange.ts'

export class Http1Request implements ServerRequest {
  readonly method: string
  readonly url: string
  readonly headers: RequestHeaders
  readonly credentials: Credentials
  readonly #message: IncomingMessage
  readonly #controller = new AbortController()

  constructor(message: IncomingMessage, credentials: Credentials) {
    this.#message = message
    this.method = message.method ?? ''
    this.url = message.url ?? ''
    this.headers = withSeparateImpersonation(message)
    this.credentials = credentials
    message.socket.once('close', () => this.#controller.abort(new Error('the client is gone')))
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  body(limit: number): Promise<Buffer> {
    return collectBody(this.#message, limit, declaredLength(this.headers))
  }
}

/** Node joins repeated headers with commas; the values of these may hold some. */
function withSeparateImpersonation(message: IncomingMessage): RequestHeaders {
  const { headers, headersDistinct } = message
  let separate: Record<string, string | readonly string[] | undefined> | undefined
  for (const name in headers) {
    if (!name.startsWith('impersonate-')) continue
    separate ??= { ...headers }
    separate[name] = headersDistinct[name]
  }
  return separate ?? headers
}

/** Sends the answer. Never rejects: a failure in the middle cuts the connection. */
export async function sendHttp1(response: ServerResponse, request: Http1Request, reply: FinalReply, log: Logger): Promise<void> {
  const headers = answerHeaders(reply)
  const { body } = reply
  if (typeof body !== 'function') {
    headers['content-length'] = body.length
    response.writeHead(reply.status, headers)
    response.end(body)
    reply.done({ bytes: body.length, cut: false })
    return
  }
  response.writeHead(reply.status, headers)
  // A watcher waits for the head, not for the first event.
  response.flushHeaders()
  let bytes = 0
  const sink: Sink = {
    write(chunk) {
      bytes += chunk.length
      return response.destroyed || response.write(chunk)
    },
    drained: () => untilDrained(response, request.signal),
  }
  try {
    await body(sink, request.signal)
    response.end()
    reply.done({ bytes, cut: false })
  } catch (err) {
    if (!request.signal.aborted) log.error('answer cut', { auditID: reply.auditId, err })
    response.destroy()
    reply.done({ bytes, cut: true })
  }
}
