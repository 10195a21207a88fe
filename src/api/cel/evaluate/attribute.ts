// Variables and access paths: `a.b`, `a[i]`, `a.?b`, `a[?i]`, has(a.b), and a conditional between two of them.
//
// Upstream counts 1 for the start of a path and 1 for each step. A path that is a branch of a conditional, or an index, has no cost for its
// start.
import type { Call, Expr, Ident, Select } from '../syntax/ast.ts'
import { CelProgramError, fail, noSuchOverload } from '../values/failure.ts'
import { CelMap, type CelValue, Double, isList, isPlainObject, lookUp, ObjectValue, Optional, TypeValue, Uint } from '../values/values.ts'
import type { Step } from './frame.ts'
import { indexProblem, keyProblem } from './go-type.ts'
import type { Plan } from './plan.ts'

const indexing = new Set(['_[_]', '_[?_]', '_?._'])
const isIndexing = (expr: Expr): expr is Call => expr.kind === 'call' && indexing.has(expr.name)
const isConditional = (expr: Expr): expr is Call => expr.kind === 'call' && expr.name === '_?_:_'
const isAttribute = (expr: Expr): expr is Ident | Select | Call =>
  expr.kind === 'ident' || (expr.kind === 'select' && !expr.testOnly) || isIndexing(expr) || isConditional(expr)

/** A branch of a conditional, or an index. */
const planInner = (plan: Plan, expr: Expr): Step => (isAttribute(expr) ? planAttribute(plan, expr, false) : plan.step(expr))

export function planAttribute(plan: Plan, expr: Ident | Select | Call, startCosts: boolean): Step {
  const variable = plan.checked.variables.get(expr)
  if (variable !== undefined) return planVariable(plan, variable.name, variable.typeName, startCosts ? 1 : 0)
  if (expr.kind === 'select') return planSelect(plan, expr, startCosts)
  if (expr.kind === 'ident') throw new Error(`Expression was not checked: ${expr.name}`)
  return isConditional(expr) ? planConditional(plan, expr) : planIndex(plan, expr, startCosts)
}

function planVariable(plan: Plan, name: string, typeName: string | undefined, cost: number): Step {
  if (typeName !== undefined) {
    return plan.constant(new TypeValue(typeName))
  }
  const slot = plan.slotOf(name)
  return frame => {
    frame.charge(cost)
    const value = frame.slots[slot]
    return value === undefined ? fail(`no such attribute(s): ${name}`) : value
  }
}

/** The start of a path. */
function planOperand(plan: Plan, operand: Expr, startCosts: boolean): Step {
  if (isAttribute(operand)) return planAttribute(plan, operand, startCosts)
  const step = plan.step(operand)
  if (!startCosts) return step
  return frame => {
    const value = step(frame)
    frame.charge(1)
    return value
  }
}

function planSelect(plan: Plan, { operand, field, testOnly }: Select, startCosts: boolean): Step {
  const from = planOperand(plan, operand, startCosts)
  // Names of Object.prototype must not be read through it; all others can be read without a check for own properties.
  const inherited = field in Object.prototype
  if (testOnly) {
    return frame => {
      const value = from(frame)
      return value instanceof Optional ? value.value !== undefined && hasField(value.value, field) : hasField(value, field)
    }
  }
  return frame => {
    const value = from(frame)
    if (value instanceof Optional) {
      const held = value.value === undefined ? undefined : element(value.value, field)
      if (held === undefined) return Optional.none
      frame.charge(1)
      return new Optional(held)
    }
    frame.charge(1)
    if (!inherited && isPlainObject(value)) {
      const found = value[field]
      return found === undefined ? fail(`no such key: ${field}`) : found
    }
    const found = fieldOf(value, field)
    return found === undefined ? fail(`no such key: ${field}`) : found
  }
}

function hasField(value: CelValue, field: string): boolean {
  return value instanceof ObjectValue ? value.isSet(field) : fieldOf(value, field) !== undefined
}

/** The field of an object or the value of a map's key; undefined if it is not set. */
function fieldOf(value: CelValue, field: string): CelValue | undefined {
  if (isPlainObject(value)) return Object.hasOwn(value, field) ? value[field] : undefined
  if (value instanceof ObjectValue) return value.get(field)
  if (value instanceof CelMap) return lookUp(value, field)
  return isList(value) ? fail("unsupported index type 'string' in list") : undefined
}

function planIndex(plan: Plan, expr: Call, startCosts: boolean): Step {
  const [operand, key] = expr.args
  if (operand === undefined || key === undefined) throw new Error(`${expr.name} needs two operands`)
  const from = planOperand(plan, operand, startCosts)
  const optional = expr.name !== '_[_]'
  const index = planInner(plan, key)
  const constant = plan.constantOf(index)
  const problem = constant === undefined ? undefined : keyProblem(constant)
  if (problem !== undefined) throw new CelProgramError(problem)
  return frame => {
    const value = from(frame)
    const at = index(frame)
    if (optional || value instanceof Optional) {
      const held = value instanceof Optional ? value.value : value
      const item = held === undefined ? undefined : elementOrNone(held, at)
      if (item === undefined) return Optional.none
      frame.charge(1)
      return new Optional(item)
    }
    frame.charge(1)
    const found = element(value, at)
    return found === undefined ? fail(`no such key: ${shownKey(at)}`) : found
  }
}

/** The element; undefined if the key does not exist. An index outside a list fails. */
function element(value: CelValue, key: CelValue): CelValue | undefined {
  if (isList(value)) {
    const at = listIndex(key)
    return at >= 0 && at < value.length ? value[at] : fail(`index out of bounds: ${at}`)
  }
  const problem = keyProblem(key)
  if (problem !== undefined) return fail(problem)
  if (value instanceof ObjectValue) return typeof key === 'string' ? value.get(key) : fail(noSuchOverload)
  return isPlainObject(value) || value instanceof CelMap ? lookUp(value, key) : undefined
}

function elementOrNone(value: CelValue, key: CelValue): CelValue | undefined {
  if (value instanceof ObjectValue && typeof key === 'string' && !value.isSet(key)) return undefined
  if (!isList(value)) return element(value, key)
  const at = listIndex(key)
  return at >= 0 && at < value.length ? value[at] : undefined
}

/** Whole numbers of any type can index a list. */
function listIndex(key: CelValue): number {
  if (typeof key === 'number' && Number.isSafeInteger(key)) return key
  if (typeof key === 'bigint') return Number(key)
  if (key instanceof Uint) return Number(key.value)
  if (key instanceof Double && Number.isInteger(key.value)) return key.value
  return fail(indexProblem(key))
}

const shownKey = (key: CelValue): string =>
  key instanceof Uint ? String(key.value) : key instanceof Double ? String(key.value) : String(key)

function planConditional(plan: Plan, { args }: Call): Step {
  const [condition, yes, no] = args
  if (condition === undefined || yes === undefined || no === undefined) throw new Error('A conditional needs three operands')
  const test = plan.step(condition)
  const [whenTrue, whenFalse] = [planInner(plan, yes), planInner(plan, no)]
  return frame => {
    frame.addWork(1)
    const result = test(frame)
    if (result === true) return whenTrue(frame)
    return result === false ? whenFalse(frame) : fail(noSuchOverload)
  }
}
