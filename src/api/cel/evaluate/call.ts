// Calls: operators that do not evaluate all of their operands, and functions with the checker's overloads.
import type { ResolvedCall } from '../check/checker.ts'
import { walk } from '../functions/estimate.ts'
import type { Overload } from '../functions/function.ts'
import type { Call, Expr } from '../syntax/ast.ts'
import { equal } from '../values/equality.ts'
import { CelProgramError, Failure, fail, noSuchOverload, Refused } from '../values/failure.ts'
import { accepts, asOptional, checksElements } from '../values/narrow.ts'
import { compilePattern } from '../values/regex.ts'
import { type CelValue, isList, type MapKey, mapKey, Opaque, sizeOf } from '../values/values.ts'
import { planAttribute } from './attribute.ts'
import type { Frame, Step } from './frame.ts'
import { namedFailure, noOverload, unnamed } from './no-overload.ts'
import type { Plan } from './plan.ts'

/** Conversions of constants run once, at no cost. */
const conversions = new Set(['bool', 'bytes', 'double', 'duration', 'dyn', 'int', 'string', 'timestamp', 'type', 'uint'])
/** A constant pattern is compiled once. */
const searching = new Set(['matches', 'find', 'findAll'])

export function planCall(plan: Plan, expr: Call): Step {
  switch (expr.name) {
    case '_&&_':
      return planLogical(plan, expr, false)
    case '_||_':
      return planLogical(plan, expr, true)
    case '_?_:_':
    case '_[_]':
    case '_?._':
    case '_[?_]':
      return planAttribute(plan, expr, true)
  }
  const call = plan.checked.calls.get(expr)
  if (call === undefined) throw new Error(`Call of ${expr.name} was not checked`)
  switch (call.name) {
    case '_==_':
      return planEquality(plan, call, true)
    case '_!=_':
      return planEquality(plan, call, false)
    case '@in':
      return planMembership(plan, call) ?? planFunction(plan, call)
    case 'or':
    case 'orValue':
      return call.overloads[0]?.id.startsWith('optional_or') === true ? planOptionalOr(plan, call) : planFunction(plan, call)
    default:
      return planFunction(plan, call)
  }
}

function operands(plan: Plan, args: readonly Expr[]): [Step, Step] {
  const [left, right] = args
  if (left === undefined || right === undefined) throw new Error('An operator needs two operands')
  return [plan.step(left), plan.step(right)]
}

/** `&&` and `||`: either operand can decide alone, even if the other fails. */
function planLogical(plan: Plan, { args }: Call, deciding: boolean): Step {
  const [left, right] = operands(plan, args)
  return frame => {
    // Upstream charges nothing.
    frame.addWork(1)
    let failure: Failure | undefined
    try {
      const value = left(frame)
      if (value === deciding) return deciding
      if (typeof value !== 'boolean') failure = new Failure(noSuchOverload)
    } catch (err) {
      if (!(err instanceof Failure)) throw err
      failure = err
    }
    if (failure !== undefined) return decides(right, frame, deciding) ? deciding : rethrow(failure)
    const value = right(frame)
    if (value === deciding) return deciding
    return typeof value === 'boolean' ? value : fail(noSuchOverload)
  }
}

function decides(step: Step, frame: Frame, deciding: boolean): boolean {
  try {
    return step(frame) === deciding
  } catch (err) {
    if (err instanceof Failure) return false
    throw err
  }
}

function rethrow(failure: Failure): never {
  throw failure
}

function planEquality(plan: Plan, { args }: ResolvedCall, wanted: boolean): Step {
  const [left, right] = operands(plan, args)
  return frame => {
    const a = left(frame)
    const b = right(frame)
    // For `==`, upstream only ensures that library values are compared at constant cost, and that comparing them with others fails.
    if (wanted && a instanceof Opaque) {
      frame.charge(1)
      if (b !== null && !(b instanceof Opaque && a.typeName === b.typeName)) throw new Refused()
    } else frame.charge(walk(Math.min(sizeOf(a), sizeOf(b))))
    return equal(a, b) === wanted
  }
}

/** `x in [constants]` is a set lookup, for which upstream charges nothing. */
function planMembership(plan: Plan, { args }: ResolvedCall): Step | undefined {
  const [item, list] = args
  const constant = list?.kind === 'list' ? plan.constantOf(plan.step(list)) : undefined
  if (item === undefined || constant === undefined || !isList(constant)) return undefined
  // The item is not even evaluated.
  if (constant.length === 0) return plan.constant(false)
  const keys = new Set<MapKey>()
  for (const value of constant) {
    const key = mapKey(value)
    if (key === undefined || key === null || typeof key === 'symbol' || Number.isNaN(key)) return undefined
    keys.add(key)
  }
  const step = plan.step(item)
  return frame => {
    const key = mapKey(step(frame))
    return key !== undefined && keys.has(key)
  }
}

/** The alternative optional or value is evaluated only if there is no value. */
function planOptionalOr(plan: Plan, { args, name }: ResolvedCall): Step {
  const [optional, other] = operands(plan, args)
  return frame => {
    const found = asOptional(optional(frame))
    if (found.value === undefined) return name === 'or' ? asOptional(other(frame)) : other(frame)
    return name === 'or' ? found : found.value
  }
}

function planFunction(plan: Plan, call: ResolvedCall): Step {
  const steps = call.args.map(arg => plan.step(arg))
  const [only, another] = call.overloads
  if (only === undefined) throw new Error(`Call of ${call.name} has no overload`)
  const [first, second] = steps
  const given = (argument: Step | undefined): CelValue | undefined => (argument === undefined ? undefined : plan.constantOf(argument))
  const pattern = searching.has(call.name) ? given(second) : undefined
  if (typeof pattern === 'string') once(() => compilePattern(pattern))
  const name = typeof pattern === 'string' ? unnamed : call.name
  const step = another === undefined ? planStatic(name, only, steps) : planDynamic(name, call.overloads, steps)
  return conversions.has(call.name) && given(first) !== undefined ? once(() => plan.computed(step)) : step
}

/** Reports at planning time what would fail in each evaluation. */
function once<T>(compute: () => T): T {
  try {
    return compute()
  } catch (err) {
    if (err instanceof Failure) throw new CelProgramError(err.message)
    throw err
  }
}

function planStatic(name: string, overload: Overload, steps: readonly Step[]): Step {
  if (overload.params.some(checksElements)) return planGuarded(name, overload, steps)
  if (overload.cost !== undefined) return frame => invoke(frame, name, overload, evaluate(frame, steps), true)
  const { call } = overload
  const [first, second] = steps
  // Nearly all calls have one or two arguments, and need no array of arguments.
  if (first !== undefined && steps.length === 1) {
    return frame => {
      const a = first(frame)
      frame.charge(1)
      try {
        return call(a, null, null, null)
      } catch (err) {
        throw namedFailure(err, name, [a])
      }
    }
  }
  if (first !== undefined && second !== undefined && steps.length === 2) {
    return frame => {
      const a = first(frame)
      const b = second(frame)
      frame.charge(1)
      try {
        return call(a, b, null, null)
      } catch (err) {
        throw namedFailure(err, name, [a, b])
      }
    }
  }
  return frame => {
    const args = evaluate(frame, steps)
    frame.charge(1)
    return called(name, overload, args)
  }
}

/** Lists and maps may contain other types than declared. */
function planGuarded(name: string, overload: Overload, steps: readonly Step[]): Step {
  return frame => {
    const args = evaluate(frame, steps)
    if (!overload.params.every((param, index) => accepts(param, args[index] ?? null))) throw noOverload(name, args)
    return invoke(frame, name, overload, args, true)
  }
}

/** Chooses the overload by the run-time types of the arguments. */
function planDynamic(name: string, overloads: readonly Overload[], steps: readonly Step[]): Step {
  return frame => {
    const args = evaluate(frame, steps)
    for (const overload of overloads) {
      if (overload.params.every((param, index) => accepts(param, args[index] ?? null))) return invoke(frame, name, overload, args, false)
    }
    throw noOverload(name, args)
  }
}

function evaluate(frame: Frame, steps: readonly Step[]): CelValue[] {
  const args: CelValue[] = []
  for (const step of steps) args.push(step(frame))
  return args
}

function invoke(frame: Frame, name: string, overload: Overload, args: readonly CelValue[], resolved: boolean): CelValue {
  const result = called(name, overload, args)
  frame.charge(overload.cost !== undefined && (resolved || overload.costsAlways === true) ? overload.cost(args, result) : 1)
  return result
}

function called(name: string, overload: Overload, args: readonly CelValue[]): CelValue {
  const [a = null, b = null, c = null, d = null] = args
  try {
    return overload.call(a, b, c, d)
  } catch (err) {
    throw namedFailure(err, name, args)
  }
}
