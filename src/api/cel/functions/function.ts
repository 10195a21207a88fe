// Functions as data: a function is a name with overloads, each with its types, its code and its costs.

import type { Macro } from '../syntax/macro.ts'
import type { CelType } from '../values/type.ts'
import type { CelValue } from '../values/values.ts'
import type { CallEstimate, EstimateCall } from './estimate.ts'

export interface Overload {
  /** Upstream's name of the overload, `string_to_int`. */
  readonly id: string
  /** Called as `target.name(…)`; the target is the first parameter. */
  readonly member: boolean
  readonly params: readonly CelType[]
  readonly result: CelType
  /** Throws `Failure` if there is no result, also for arguments of undeclared types, which dyn may allow. */
  readonly call: (a: CelValue, b: CelValue, c: CelValue, d: CelValue) => CelValue
  /** Cost of one call as upstream counts it; default 1. */
  cost?(args: readonly CelValue[], result: CelValue): number
  /** Whether `cost` also applies if the overload was chosen at run time; upstream then charges 1 for CEL's own functions. */
  readonly costsAlways?: boolean
  /** Cost and size of the result before the values are known; default cost 1. */
  estimate?(call: EstimateCall): CallEstimate | undefined
}

export interface CelFunction {
  readonly name: string
  readonly overloads: readonly Overload[]
}

export interface Library {
  readonly functions?: readonly CelFunction[]
  readonly macros?: readonly Macro[]
  /** Names of types, such as `net.IP`. */
  readonly types?: readonly CelType[]
}

type Extras = Pick<Overload, 'cost' | 'costsAlways' | 'estimate'>
/** Functions with fewer parameters are allowed; the checker ensures the declared number of arguments. */
type Code = (a: CelValue, b: CelValue, c: CelValue, d: CelValue) => CelValue

/** An overload called as `name(…)`. */
export function free(id: string, params: readonly CelType[], result: CelType, call: Code, extras: Extras = {}): Overload {
  return { id, member: false, params, result, call, ...extras }
}

/** An overload called as `target.name(…)`. */
export function member(id: string, params: readonly CelType[], result: CelType, call: Code, extras: Extras = {}): Overload {
  return { id, member: true, params, result, call, ...extras }
}
