// The 429 of flow control, in upstream's words.
import { ApiError, tooManyRequests } from '../../api/status.ts'

export class FlowRefusal extends ApiError {
  /** Which bound was reached; the client is told no more than when to come back. */
  readonly why: string

  constructor(why: string, retryAfterSeconds: number) {
    super(tooManyRequests('Too many requests, please try again later.', retryAfterSeconds).status)
    this.why = why
  }
}
