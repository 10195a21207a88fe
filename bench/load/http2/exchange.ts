// One request and what comes of it, as its connection sees it.

export abstract class Exchange {
  readonly method: string
  readonly path: string
  readonly contentType: string
  /** Until it is sent. */
  body: string | undefined
  stream = 0
  /** 0 before the answer has begun. */
  status = 0
  /** What the server may not have yet of a body that did not fit its windows. */
  unsent: Buffer | undefined
  /** Bytes that the server takes on this stream. */
  sendWindow = 0
  /** Bytes that have come and of which the server was not told yet that it may send as many more. */
  received = 0

  constructor(method: string, path: string, contentType: string, body: string | undefined) {
    this.method = method
    this.path = path
    this.contentType = contentType
    this.body = body
  }

  abstract begin(status: number): void
  /** `bytes` are valid during the call only. */
  abstract data(bytes: Buffer, start: number, end: number): void
  abstract end(): void
  /** The last call, instead of `end()`. */
  abstract fail(err: Error): void
}
