// Loops. The expansions of macros are recognised by their form and run as dedicated loops, with the cost that upstream counts for the
// expanded form; any other fold runs as written.
import type { Call, Comprehension, Expr } from '../syntax/ast.ts'
import { accumulatorName } from '../syntax/ast.ts'
import { Failure, fail, noSuchOverload } from '../values/failure.ts'
import { asMap, keyOf } from '../values/narrow.ts'
import { CelMap, type CelValue, entriesOf, isList, isMap, keysOf, type MapKey } from '../values/values.ts'
import { addWork } from '../values/work-counter.ts'
import type { Frame, Step } from './frame.ts'
import { goTypeOf } from './go-type.ts'
import type { Plan } from './plan.ts'

/** Sets the loop's variables for each item in turn, until `body` returns false. */
type Walk = (frame: Frame, range: CelValue, body: () => boolean) => void

export function planComprehension(plan: Plan, expr: Comprehension): Step {
  const range = plan.step(expr.range)
  const names = expr.variable2 === undefined ? [expr.variable] : [expr.variable, expr.variable2]
  return plan.withLocals(names, slots => {
    const walk = planWalk(slots)
    if (expr.accumulator === accumulatorName) {
      const known =
        planQuantifier(plan, expr, range, walk) ??
        planCount(plan, expr, range, walk) ??
        planList(plan, expr, range, walk) ??
        planMap(plan, expr, range, walk)
      if (known !== undefined) return known
    }
    return planFold(plan, expr, range, walk)
  })
}

function planWalk([first = 0, second]: readonly number[]): Walk {
  return (frame, range, body) => {
    const { slots } = frame
    if (isList(range)) {
      for (let i = 0; i < range.length; i++) {
        const item = range[i]
        if (second === undefined) {
          slots[first] = item
        } else {
          slots[first] = i
          slots[second] = item
        }
        if (!body()) return
      }
      return
    }
    if (!isMap(range)) {
      const type = goTypeOf(range)
      return fail(second === undefined ? `got '${type}', expected iterable type` : `unsupported comprehension range type: ${type}`)
    }
    if (second === undefined) {
      for (const key of keysOf(range)) {
        slots[first] = key
        if (!body()) return
      }
      return
    }
    for (const [key, value] of entriesOf(range)) {
      slots[first] = key
      slots[second] = value
      if (!body()) return
    }
  }
}

const isAccumulator = (expr: Expr | undefined): boolean => expr?.kind === 'ident' && expr.name === accumulatorName
const isCall = (expr: Expr | undefined, name: string): expr is Call => expr?.kind === 'call' && expr.name === name
const isBool = (expr: Expr, value: boolean): boolean => expr.kind === 'literal' && expr.value === value

/** all() and exists(): a failing item matters only if no other item decides. */
function planQuantifier(plan: Plan, { init, condition, step }: Comprehension, range: Step, walk: Walk): Step | undefined {
  if (!isCall(condition, '@not_strictly_false') || (!isCall(step, '_&&_') && !isCall(step, '_||_')) || !isAccumulator(step.args[0]))
    return undefined
  const deciding = step.name === '_||_'
  const [, item] = step.args
  if (item === undefined || !isBool(init, !deciding)) return undefined
  const predicate = plan.step(item)
  // The condition costs 2, and 1 more for the negation in exists(); the accumulator in the step costs 1.
  const conditionCost = deciding ? 3 : 2
  return frame => {
    let decided = false
    let failure: Failure | undefined
    walk(frame, range(frame), () => {
      frame.charge(conditionCost)
      if (decided) return false
      frame.charge(1)
      try {
        const value = predicate(frame)
        if (value === deciding) decided = true
        else if (typeof value !== 'boolean') failure ??= new Failure(noSuchOverload)
      } catch (err) {
        if (!(err instanceof Failure)) throw err
        failure ??= err
      }
      return true
    })
    frame.charge(1)
    if (decided) return deciding
    if (failure !== undefined) throw failure
    return !deciding
  }
}

/** exists_one(). */
function planCount(plan: Plan, { step, result }: Comprehension, range: Step, walk: Walk): Step | undefined {
  if (!isCall(result, '_==_') || !isCall(step, '_?_:_') || !isCall(step.args[1], '_+_') || !isAccumulator(step.args[1].args[0]))
    return undefined
  const [item] = step.args
  if (item === undefined) return undefined
  const predicate = plan.step(item)
  return frame => {
    let count = 0
    walk(frame, range(frame), () => {
      const value = predicate(frame)
      if (value === true) {
        count++
        frame.charge(2)
      } else if (value !== false) fail(noSuchOverload)
      return true
    })
    frame.charge(2)
    return count === 1
  }
}

/** The step of a collecting loop, without its predicate. */
function gathering(step: Expr): { predicate: Expr | undefined; gather: Expr } {
  if (!isCall(step, '_?_:_') || !isAccumulator(step.args[2])) return { predicate: undefined, gather: step }
  return { predicate: step.args[0], gather: step.args[1] ?? step }
}

/** map(), filter() and transformList(): items are pushed, since the expanded form would copy the list for each. */
function planList(plan: Plan, expr: Comprehension, range: Step, walk: Walk): Step | undefined {
  const { predicate, gather } = gathering(expr.step)
  if (!isCall(gather, '_+_') || !isAccumulator(gather.args[0]) || !isBool(expr.condition, true)) return undefined
  const added = gather.args[1]
  const item = added?.kind === 'list' && added.items.length === 1 && added.optional.size === 0 ? added.items[0] : undefined
  if (item === undefined) return undefined
  const value = plan.step(item)
  const test = predicate === undefined ? undefined : plan.step(predicate)
  // The accumulator, the list of one item unless it is constant, and their sum.
  const cost = plan.constantOf(value) === undefined ? 12 : 2
  return frame => {
    const items: CelValue[] = []
    walk(frame, range(frame), () => {
      if (passes(test, frame)) {
        items.push(value(frame))
        frame.charge(cost)
      }
      return true
    })
    frame.charge(1)
    return items
  }
}

/** transformMap() and transformMapEntry(). */
function planMap(plan: Plan, expr: Comprehension, range: Step, walk: Walk): Step | undefined {
  const { predicate, gather } = gathering(expr.step)
  if (!isCall(gather, 'cel.@mapInsert') || !isAccumulator(gather.args[0]) || !isBool(expr.condition, true)) return undefined
  const [, first, second] = gather.args
  if (first === undefined) return undefined
  const [key, value] = [plan.step(first), second === undefined ? undefined : plan.step(second)]
  const test = predicate === undefined ? undefined : plan.step(predicate)
  return frame => {
    const entries = new Map<MapKey, readonly [CelValue, CelValue]>()
    walk(frame, range(frame), () => {
      if (!passes(test, frame)) return true
      const given = key(frame)
      if (value !== undefined) insert(entries, given, value(frame))
      else for (const [name, held] of entriesOf(asMap(given))) insert(entries, name, held)
      frame.charge(2)
      return true
    })
    frame.charge(1)
    return new CelMap(entries)
  }
}

/** Adds an entry; a duplicate key fails. */
function insert(entries: Map<MapKey, readonly [CelValue, CelValue]>, key: CelValue, value: CelValue): void {
  addWork(2)
  const known = keyOf(key)
  if (entries.has(known)) fail(`insert failed: key ${String(known)} already exists`)
  entries.set(known, [key, value])
}

function passes(test: Step | undefined, frame: Frame): boolean {
  if (test === undefined) return true
  const result = test(frame)
  return typeof result === 'boolean' ? result : fail(noSuchOverload)
}

/** The general form, which cel.bind() uses with an empty range. */
function planFold(plan: Plan, expr: Comprehension, range: Step, walk: Walk): Step {
  const init = plan.step(expr.init)
  return plan.withLocals([expr.accumulator], ([slot = 0]) => {
    const [condition, step, result] = [plan.step(expr.condition), plan.step(expr.step), plan.step(expr.result)]
    return frame => {
      const items = range(frame)
      frame.slots[slot] = init(frame)
      walk(frame, items, () => {
        if (condition(frame) !== true) return false
        frame.slots[slot] = step(frame)
        return true
      })
      return result(frame)
    }
  })
}
