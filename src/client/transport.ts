// How a request reaches an API server: over HTTP/2 with mutual TLS, or in the same process. Everything above is the same.

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path with query: `/api/v1/namespaces/default/pods?limit=500`. */
  readonly path: string
  /** A header with several values is sent once for each. */
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: Buffer
  /** The answer has no end of its own (watch, follow): no time or size limit applies once its header is here. Default: as the query says. */
  readonly stream?: boolean
}

export interface ApiResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Chunks as they arrive; for a watch it ends when the watch does. Must be read or cancelled through the signal. */
  readonly body: AsyncIterable<Buffer>
}

export interface Transport extends AsyncDisposable {
  request(request: ApiRequest, signal: AbortSignal): Promise<ApiResponse>
}

/** The answer is larger than the transport takes: fewer objects may be asked for. */
export class AnswerTooLarge extends Error {
  constructor(maxBytes: number) {
    super(`Cannot read the answer: it has more than ${maxBytes} bytes`)
    this.name = 'AnswerTooLarge'
  }
}
