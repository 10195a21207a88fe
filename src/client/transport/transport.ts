// How a request reaches an API server: over HTTP/2 with mutual TLS, or in the same process.

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path with query: `/api/v1/namespaces/default/pods?limit=500`. */
  readonly path: string
  /** A header with several values is sent once for each. */
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: Buffer
  /** The answer does not end by itself (watch, follow): no time or size limit applies after its head. Default: decided by the query. */
  readonly stream?: boolean
}

export interface ApiResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Chunks as they arrive; for a watch it ends with the watch. Must be read or cancelled by the signal. */
  readonly body: AsyncIterable<Buffer>
}

export interface Transport extends AsyncDisposable {
  request(request: ApiRequest, signal: AbortSignal): Promise<ApiResponse>
}

/** The answer exceeds the limit of the transport: the caller can request fewer objects. */
export class AnswerTooLarge extends Error {
  constructor(maxBytes: number) {
    super(`Cannot read the answer: it has more than ${maxBytes} bytes`)
    this.name = 'AnswerTooLarge'
  }
}
