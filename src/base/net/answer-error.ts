/** Another server answered with a failure; its body is not read. */
export class AnswerError extends Error {
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.name = 'AnswerError'
    this.status = status
  }
}
