// The 429 of flow control, in upstream's words.
import { ApiError, tooManyRequests } from '../../api/status.ts'

export class FlowRefusal extends ApiError {
  /** Which limit was reached. The client only learns when to retry. */
  readonly why: string

  constructor(why: string, retryAfterSeconds: number) {
    super(tooManyRequests('Too many requests, please try again later.', retryAfterSeconds).status)
    this.why = why
  }
}
