// Functions as data: a function is a name with rows, each row one overload with its types, its code and its costs.
import type { CallEstimate, EstimateCall } from '../check/estimate.ts'
import type { CelType } from '../check/type.ts'
import type { CelValue } from '../evaluate/values.ts'
import type { Macro } from '../syntax/macro.ts'

export interface Overload {
  /** Upstream's name of the overload, `string_to_int`. */
  readonly id: string
  /** Called as `target.name(…)`; the target is the first parameter. */
  readonly member: boolean
  readonly params: readonly CelType[]
  readonly result: CelType
  /** Throws `Failure` where there is no answer, also for arguments of other types than declared, which dyn may let through. */
  readonly call: (a: CelValue, b: CelValue, c: CelValue, d: CelValue) => CelValue
  /** Cost of one call as upstream counts it; 1 where nothing is said. */
  cost?(args: readonly CelValue[], result: CelValue): number
  /** Whether `cost` counts also where this overload was found at run time only; upstream charges 1 there for the functions of CEL itself. */
  readonly costsAlways?: boolean
  /** Cost and size of the result before anything is known of the values; a cost of 1 where nothing is said. */
  estimate?(call: EstimateCall): CallEstimate | undefined
}

export interface CelFunction {
  readonly name: string
  readonly overloads: readonly Overload[]
}

export interface Library {
  readonly functions?: readonly CelFunction[]
  readonly macros?: readonly Macro[]
  /** Names that stand for types, `net.IP`. */
  readonly types?: readonly CelType[]
}

type Extras = Pick<Overload, 'cost' | 'costsAlways' | 'estimate'>
/** Functions with fewer parameters fit; the checker sees to it that as many arguments come as parameters are declared. */
type Code = (a: CelValue, b: CelValue, c: CelValue, d: CelValue) => CelValue

/** An overload called as `name(…)`. */
export function free(id: string, params: readonly CelType[], result: CelType, call: Code, extras: Extras = {}): Overload {
  return { id, member: false, params, result, call, ...extras }
}

/** An overload called as `target.name(…)`. */
export function member(id: string, params: readonly CelType[], result: CelType, call: Code, extras: Extras = {}): Overload {
  return { id, member: true, params, result, call, ...extras }
}
