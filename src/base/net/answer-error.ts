/** A server that is asked answered, and with no success: nothing of its body is read. */
export class AnswerError extends Error {
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.name = 'AnswerError'
    this.status = status
  }
}
