// The engine's entry point: an environment declares what expressions may use, compiles them, and creates programs.
import { type Checked, check } from './check/checker.ts'
import { type Declarations, declare, type FindType, type Variable, withVariables } from './check/declarations.ts'
import { Frame, type Step } from './evaluate/frame.ts'
import { Plan } from './evaluate/plan.ts'
import type { Library } from './functions/function.ts'
import { standardLibrary } from './library/standard.ts'
import { type ParseOptions, parse } from './syntax/parser.ts'
import { CelEvaluationError, CostExceeded, Failure, WorkExceeded } from './values/failure.ts'
import type { CelValue } from './values/values.ts'
import { countFor } from './values/work-counter.ts'

export interface EnvironmentOptions {
  /** Beyond CEL's own functions and macros. */
  readonly libraries?: readonly Library[]
  readonly variables?: readonly Variable[]
  readonly optionalSyntax?: boolean
  /** Types beyond those of the libraries, by name. */
  readonly findType?: FindType
  /** Allows names in backticks. */
  readonly escapedNames?: boolean
  /** A prefix that names may omit. */
  readonly container?: string
  /** Checks that run after type checking: they report expressions that compile but always fail. */
  readonly validators?: readonly Validator[]
}

/** Looks for mistakes in a checked expression; throws `CelCompileError`. */
export type Validator = (checked: Checked) => void

export class Environment {
  readonly #declarations: Declarations
  readonly #syntax: Omit<ParseOptions, 'macros'>
  readonly #validators: readonly Validator[]

  private constructor(declarations: Declarations, syntax: Omit<ParseOptions, 'macros'>, validators: readonly Validator[]) {
    this.#declarations = declarations
    this.#syntax = syntax
    this.#validators = validators
  }

  static create(options: EnvironmentOptions): Environment {
    const libraries = [standardLibrary, ...(options.libraries ?? [])]
    const declarations = declare(libraries, options.variables ?? [], options.container ?? '', options.findType)
    const syntax = { optionalSyntax: options.optionalSyntax ?? false, escapedNames: options.escapedNames ?? false }
    return new Environment(declarations, syntax, options.validators ?? [])
  }

  /** The same environment with further variables; cheap. */
  extend(variables: readonly Variable[]): Environment {
    return new Environment(withVariables(this.#declarations, variables), this.#syntax, this.#validators)
  }

  /** Parses and checks. Throws only `CelCompileError`. */
  compile(source: string): Checked {
    const expr = parse(source, { macros: this.#declarations.macros, ...this.#syntax })
    const checked = check(source, expr, this.#declarations)
    for (const validate of this.#validators) validate(checked)
    return checked
  }
}

export interface Evaluation {
  readonly value: CelValue
  /** In upstream's units. */
  readonly cost: number
  /** Its work, in units of `addWork()`. */
  readonly work: number
}

/**
 * The work limit of one evaluation, about 50 ms: as much as an evaluation of maximum cost takes. An evaluation on the path of a request
 * blocks all others meanwhile.
 */
export const maxWork = 1_000_000

/** A running evaluation. */
export interface Running {
  /** So far. */
  readonly cost: number
  readonly work: number
}

/** A checked expression that can be evaluated any number of times. */
export class Program {
  readonly #variables: readonly string[]
  readonly #step: Step
  readonly #slotCount: number

  /** Throws `CelProgramError` if the conversion of a constant fails. */
  constructor(checked: Checked) {
    const plan = new Plan(checked)
    this.#step = plan.step(checked.expr)
    this.#variables = plan.variables
    this.#slotCount = plan.slotCount
  }

  /**
   * Evaluates with these variables; accepts decoded JSON as it is. Throws only `CelEvaluationError`, and errors of lazily computed
   * variables. More than `costLimit` units end the evaluation, and so does more work than `maxWork`. While it runs, it is the last element
   * of `running`.
   */
  evaluate(bindings: Readonly<Record<string, CelValue>>, costLimit = Number.POSITIVE_INFINITY, running: Running[] = []): Evaluation {
    const slots = new Array<CelValue | undefined>(this.#slotCount)
    for (let i = 0; i < this.#variables.length; i++) {
      const name = this.#variables[i] ?? ''
      slots[i] = Object.hasOwn(bindings, name) ? bindings[name] : undefined
    }
    const frame = new Frame(slots, costLimit, maxWork)
    running.push(frame)
    const before = countFor(frame)
    try {
      return { value: this.#step(frame), cost: frame.cost, work: frame.work }
    } catch (err) {
      if (err instanceof Failure) throw new CelEvaluationError(err.message, false, frame)
      if (err instanceof CostExceeded) throw new CelEvaluationError('operation cancelled: actual cost limit exceeded', true, frame)
      if (err instanceof WorkExceeded) throw new CelEvaluationError(workExceeded(err.limit), true, frame)
      throw err
    } finally {
      countFor(before)
      running.pop()
    }
  }
}

const workExceeded = (limit: number): string =>
  `operation cancelled: actual work limit exceeded: comparing, parsing and matching took more than ${limit} steps`
