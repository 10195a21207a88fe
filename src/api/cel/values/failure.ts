// Ways in which evaluation ends without a value. Failures are plain objects: an expression may raise and absorb (`||`) very many of them,
// and an Error would record a stack each time. A program converts them to CelEvaluationError.

/** An operation has no result: a missing key, an overflow, incompatible operands. `&&`, `||`, `all` and `exists` may absorb it. */
export class Failure {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

export const noSuchOverload = 'no such overload'

/** A value refuses another one; upstream's message does not name the function. */
export class Refused extends Failure {
  constructor() {
    super(noSuchOverload)
  }
}

/** The evaluation exceeds its cost limit; nothing absorbs this. */
export class CostExceeded {}

/** The evaluation exceeds its work limit; nothing absorbs this. */
export class WorkExceeded {
  readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }
}

export function fail(message: string): never {
  throw new Failure(message)
}

/** The evaluation failed; `costExceeded` if a limit of cost or work stopped it. */
export class CelEvaluationError extends Error {
  readonly costExceeded: boolean
  /** Its cost until then: failures are charged as values are. */
  readonly cost: number
  readonly work: number

  constructor(message: string, costExceeded: boolean, { cost, work }: { readonly cost: number; readonly work: number }) {
    super(message)
    this.name = 'CelEvaluationError'
    this.costExceeded = costExceeded
    this.cost = cost
    this.work = work
  }
}

/** An expression that compiles but can never be evaluated: a conversion of a constant that fails. */
export class CelProgramError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CelProgramError'
  }
}
