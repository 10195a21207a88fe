// How evaluation ends without a value. Failures are plain objects: an expression may raise and absorb (`||`) very many of them, and an Error would
// record a stack each time. They never leave a program, which turns them into a CelEvaluationError.

/** An operation has no answer: a missing key, an overflow, operands that do not fit. `&&`, `||`, `all` and `exists` may absorb it. */
export class Failure {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

export const noSuchOverload = 'no such overload'

/** A value refuses another one: upstream's values do not know in which function that is. */
export class Refused extends Failure {
  constructor() {
    super(noSuchOverload)
  }
}

/** The evaluation costs more than it may; nothing absorbs this. */
export class CostExceeded {}

/** The evaluation does more than it may; nothing absorbs this. */
export class WorkExceeded {
  readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }
}

export function fail(message: string): never {
  throw new Failure(message)
}

/** The evaluation of an expression failed; `costExceeded` where it was stopped because of its cost or its work. */
export class CelEvaluationError extends Error {
  readonly costExceeded: boolean
  /** What it had cost by then: failures are paid for as values are. */
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

/** An expression that compiles and can never be evaluated: a conversion of a constant that fails. */
export class CelProgramError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CelProgramError'
  }
}
