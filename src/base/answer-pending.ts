// How code that decides without I/O asks somebody who does not answer at once: it ends with the wait, and is run again when the answer is there.

/** Thrown, and no Error: nothing went wrong. Whoever decides and may catch anything lets it pass. */
export class AnswerPending {
  /** Resolves when the question can be asked again; rejects where that is no use. */
  readonly answered: Promise<void>

  constructor(answered: Promise<void>) {
    this.answered = answered
  }
}

/** The outcome of `decide`, which must do nothing before its last question. A promise only where an answer is waited for. */
export function whenAnswered<T>(decide: () => T): T | Promise<T> {
  try {
    return decide()
  } catch (err) {
    if (err instanceof AnswerPending) return again(err, decide)
    throw err
  }
}

async function again<T>(first: AnswerPending, decide: () => T): Promise<T> {
  for (let pending = first; ; ) {
    await pending.answered
    try {
      return decide()
    } catch (err) {
      if (!(err instanceof AnswerPending)) throw err
      pending = err
    }
  }
}
