// Compiles a checked expression into closures. Each adds the cost that upstream counts for its part.
import { writeJson } from '../../../base/write-json.ts'
import type { Checked } from '../check/checker.ts'
import type { Expr, ListExpr, Literal, MapExpr, StructExpr } from '../syntax/ast.ts'
import { fail } from '../values/failure.ts'
import { asOptional, keyOf } from '../values/narrow.ts'
import { CelMap, type CelValue, Double, type MapKey, mapKey, Uint } from '../values/values.ts'
import { planAttribute } from './attribute.ts'
import { planCall } from './call.ts'
import { planComprehension } from './comprehension.ts'
import { Frame, type Step } from './frame.ts'

/** Input and intermediate state of planning. */
export class Plan {
  readonly checked: Checked
  /** Variables of the environment in the order of their slots. */
  readonly variables: readonly string[]
  readonly #scopes: Map<string, number>[] = []
  readonly #constants = new Map<Step, CelValue>()
  readonly #steps = new Map<Expr, Step>()
  #slots: number

  constructor(checked: Checked) {
    this.checked = checked
    const names = new Set<string>()
    for (const { name, typeName, local } of checked.variables.values()) {
      if (typeName === undefined && local !== true) names.add(name)
    }
    this.variables = [...names]
    this.#slots = names.size
  }

  get slotCount(): number {
    return this.#slots
  }

  /** A step with a constant value, at no cost. Upstream, too, computes constant lists, maps and conversions once. */
  constant(value: CelValue): Step {
    const step = (): CelValue => value
    this.#constants.set(step, value)
    return step
  }

  /** The step's constant value; undefined if it must run. */
  constantOf(step: Step): CelValue | undefined {
    return this.#constants.get(step)
  }

  /** Runs a step without variables once and makes it a constant. Its result is bounded by its own text. */
  computed(step: Step): Step {
    return this.constant(step(new Frame([], Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)))
  }

  /** The slot of a name in this scope. */
  slotOf(name: string): number {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const slot = this.#scopes[i]?.get(name)
      if (slot !== undefined) return slot
    }
    const slot = this.variables.indexOf(name)
    if (slot === -1) throw new Error(`Checked expression refers to unknown variable ${writeJson(name)}`)
    return slot
  }

  /** Gives names slots of their own while `plan` runs. */
  withLocals<T>(names: readonly string[], plan: (slots: readonly number[]) => T): T {
    const slots = names.map(() => this.#slots++)
    this.#scopes.push(new Map(names.map((name, index) => [name, slots[index] ?? 0])))
    const result = plan(slots)
    this.#scopes.pop()
    return result
  }

  step(expr: Expr): Step {
    // Macros use their target twice; nested targets would be planned in exponential time.
    const known = this.#steps.get(expr)
    if (known !== undefined) return known
    const step = this.#plan(expr)
    this.#steps.set(expr, step)
    return step
  }

  #plan(expr: Expr): Step {
    switch (expr.kind) {
      case 'literal':
        return this.constant(literalValue(expr))
      case 'ident':
      case 'select':
        return planAttribute(this, expr, true)
      case 'call':
        return planCall(this, expr)
      case 'list':
        return planList(this, expr)
      case 'map':
        return planMap(this, expr)
      case 'comprehension':
        return planComprehension(this, expr)
      case 'struct':
        return planStruct(this, expr)
    }
  }
}

function literalValue({ type, value }: Literal): CelValue {
  if (type === 'double' && typeof value === 'number') return new Double(value)
  return type === 'uint' && typeof value === 'bigint' ? new Uint(value) : value
}

const listCost = 10
const mapCost = 30
const structCost = 40

function planList(plan: Plan, expr: ListExpr): Step {
  const steps = expr.items.map(item => plan.step(item))
  const { optional } = expr
  const step: Step = frame => {
    const items: CelValue[] = []
    frame.addWork(steps.length)
    for (let i = 0; i < steps.length; i++) {
      const value = steps[i]?.(frame) ?? null
      if (!optional.has(i)) items.push(value)
      else {
        const { value: held } = asOptional(value)
        if (held !== undefined) items.push(held)
      }
    }
    frame.charge(listCost)
    return items
  }
  return optional.size === 0 && steps.every(item => plan.constantOf(item) !== undefined) ? plan.computed(step) : step
}

function planMap(plan: Plan, expr: MapExpr): Step {
  const steps = expr.entries.map(({ key, value, optional }) => ({ key: plan.step(key), value: plan.step(value), optional }))
  const step: Step = frame => {
    const entries = new Map<MapKey, readonly [CelValue, CelValue]>()
    frame.addWork(steps.length)
    for (const { key: keyStep, value: valueStep, optional } of steps) {
      const key = keyStep(frame)
      const given = valueStep(frame)
      const value = optional ? asOptional(given).value : given
      if (value !== undefined) entries.set(keyOf(key), [key, value])
    }
    frame.charge(mapCost)
    return new CelMap(entries)
  }
  const isConstant = steps.every(
    ({ key, value, optional }) => !optional && isKey(plan.constantOf(key)) && plan.constantOf(value) !== undefined,
  )
  return isConstant ? plan.computed(step) : step
}

function planStruct(plan: Plan, expr: StructExpr): Step {
  const steps = expr.fields.map(({ name, value, optional }) => ({ name, value: plan.step(value), optional }))
  const construct = plan.checked.variables.get(expr)?.construct
  if (construct === undefined) return () => fail(`type '${expr.typeName}' cannot be constructed`)
  return frame => {
    const fields = new Map<string, CelValue>()
    for (const { name, value: step, optional } of steps) {
      const given = step(frame)
      const value = optional ? asOptional(given).value : given
      if (value !== undefined) fields.set(name, value)
    }
    frame.charge(structCost)
    return construct(fields)
  }
}

const isKey = (value: CelValue | undefined): boolean => value !== undefined && mapKey(value) !== undefined
