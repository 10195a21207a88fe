// Estimates the cost of an expression before it runs, by upstream's rules: limits of custom resources depend on these numbers.

import type { CallEstimate, EstimateCall, EstimateNode, Range } from '../functions/estimate.ts'
import * as estimate from '../functions/estimate.ts'
import type { Overload } from '../functions/function.ts'
import { accumulatorName, type Call, type Comprehension, type Expr } from '../syntax/ast.ts'
import { type CelType, dyn, isOptional, paramOf } from '../values/type.ts'
import type { Checked } from './checker.ts'

/** Sizes of keys (or indices) and values in a list or map. */
interface EntrySize {
  readonly list: boolean
  readonly key: Range
  readonly value: Range
}

interface Local {
  readonly path: readonly string[]
  readonly size: Range | undefined
  readonly entries: EntrySize | undefined
}

/** The maximum size of a referenced value, for instance by a schema. Undefined if unknown. */
export type SizeOf = (node: EstimateNode) => Range | undefined

const one = estimate.fixed(1)
const listCost = estimate.fixed(10)
const mapCost = estimate.fixed(30)
const structCost = estimate.fixed(40)
/** The union with this value is the other value. */
const nothing: Range = { min: estimate.unbounded, max: 0 }

export function estimateCost(checked: Checked, sizeOf: SizeOf): Range {
  return new Coster(checked, sizeOf).cost(checked.expr)
}

class Coster {
  readonly #checked: Checked
  readonly #sizeOf: SizeOf
  readonly #costs = new Map<Expr, Range>()
  readonly #paths = new Map<Expr, readonly string[]>()
  readonly #sizes = new Map<Expr, Range>()
  readonly #entries = new Map<Expr, EntrySize>()
  readonly #locals = new Map<string, Local[]>()

  constructor(checked: Checked, sizeOf: SizeOf) {
    this.#checked = checked
    this.#sizeOf = sizeOf
  }

  cost(expr: Expr): Range {
    // Macros use their target twice; nested targets would be estimated in exponential time.
    const known = this.#costs.get(expr)
    if (known !== undefined) return known
    const cost = this.#costOf(expr)
    this.#costs.set(expr, cost)
    return cost
  }

  #costOf(expr: Expr): Range {
    const variable = this.#checked.variables.get(expr)
    if (variable !== undefined) {
      this.#paths.set(expr, this.#local(variable.name)?.path ?? [variable.name])
      return one
    }
    switch (expr.kind) {
      case 'select':
        return this.#select(expr)
      case 'call':
        return this.#call(expr)
      case 'list': {
        const costs = expr.items.map(item => this.cost(item))
        this.#entries.set(expr, { list: true, key: one, value: this.#unionOfSizes(expr.items) })
        return sum([...costs, listCost])
      }
      case 'map': {
        const costs = expr.entries.flatMap(({ key, value }) => [this.cost(key), this.cost(value)])
        const key = this.#unionOfSizes(expr.entries.map(entry => entry.key))
        this.#entries.set(expr, { list: false, key, value: this.#unionOfSizes(expr.entries.map(({ value }) => value)) })
        return sum([...costs, mapCost])
      }
      case 'struct':
        return sum([...expr.fields.map(({ value }) => this.cost(value)), structCost])
      case 'comprehension':
        return this.#comprehension(expr)
      default:
        return estimate.zero
    }
  }

  #unionOfSizes(exprs: readonly Expr[]): Range {
    return exprs.length === 0 ? estimate.zero : exprs.map(expr => this.#sizeOrUnknown(expr)).reduce(estimate.union, nothing)
  }

  #select(expr: Extract<Expr, { kind: 'select' }>): Range {
    const operand = this.cost(expr.operand)
    if (expr.testOnly) return operand
    this.#paths.set(expr, [...this.#pathOf(expr.operand), expr.field])
    const { kind } = this.#typeOf(expr.operand)
    return kind === 'map' || kind === 'object' || kind === 'param' ? estimate.add(operand, one) : operand
  }

  #call(expr: Call): Range {
    const resolved = this.#checked.calls.get(expr)
    if (resolved === undefined) return estimate.add(sum(expr.args.map(arg => this.cost(arg))), one)
    const [only] = resolved.overloads
    const target = only?.member === true ? resolved.args[0] : undefined
    const args = target === undefined ? resolved.args : resolved.args.slice(1)
    const argCosts = args.map(arg => this.cost(arg))
    if (resolved.name === 'dyn' && args[0] !== undefined) {
      this.#copySizes(expr, args[0])
      return estimate.add(one, sum(argCosts))
    }
    const targetCost = target === undefined ? estimate.zero : this.cost(target)
    const call: EstimateCall = {
      target: target === undefined ? undefined : this.#node(target),
      args: args.map(arg => this.#node(arg)),
      size: node => node.computedSize ?? this.#sizeOf(node) ?? estimate.unknownSize,
    }
    let cost = nothing
    let size: Range | undefined
    for (const overload of resolved.overloads) {
      const found = this.#overload(expr, overload, call, args, argCosts)
      cost = estimate.union(cost, found.cost)
      if (found.size !== undefined) size = size === undefined ? found.size : estimate.union(size, found.size)
      if (overload.id === 'index_list' || overload.id === 'index_map') size = this.#index(expr, args, overload.id === 'index_list')
      size ??= this.#size(expr)
    }
    if (size !== undefined) this.#sizes.set(expr, size)
    return estimate.add(targetCost, cost)
  }

  #index(expr: Expr, [container]: readonly Expr[], list: boolean): Range | undefined {
    if (container === undefined) return undefined
    this.#paths.set(expr, [...this.#pathOf(container), list ? '@items' : '@values'])
    return this.#entriesOf(container)?.value
  }

  #overload(expr: Call, overload: Overload, call: EstimateCall, args: readonly Expr[], argCosts: readonly Range[]): CallEstimate {
    const [first = estimate.zero, second = estimate.zero, third = estimate.zero] = argCosts
    switch (overload.id) {
      case 'logical_and':
      case 'logical_or':
        return { cost: { min: first.min, max: estimate.add(first, second).max } }
      case 'conditional': {
        const [, yes, no] = args
        if (yes === undefined || no === undefined) break
        this.#setEntries(expr, unionOfEntries(this.#entriesOf(yes), this.#entriesOf(no)))
        const size = estimate.union(this.#sizeOrUnknown(yes), this.#sizeOrUnknown(no))
        return { cost: estimate.add(first, estimate.union(second, third)), size }
      }
      case 'add_list':
      case 'add_string':
      case 'add_bytes': {
        const [left, right] = args
        if (left !== undefined && right !== undefined) this.#setEntries(expr, unionOfEntries(this.#entriesOf(left), this.#entriesOf(right)))
        break
      }
    }
    const found = overload.estimate?.(call) ?? { cost: one }
    return { ...found, cost: estimate.add(found.cost, sum(argCosts)) }
  }

  #comprehension(expr: Comprehension): Range {
    const before = estimate.add(this.cost(expr.range), this.cost(expr.init))
    if (isBinding(expr)) {
      const result = this.#within([[expr.accumulator, this.#localOf(expr.init)]], () => this.cost(expr.result))
      this.#copySizes(expr, expr.result)
      return estimate.add(before, result)
    }
    return this.#within([[expr.accumulator, this.#localOf(expr.init)]], () => {
      const loop = this.#within(this.#loopVariables(expr), () => estimate.add(this.cost(expr.condition), this.cost(expr.step)))
      const result = this.cost(expr.result)
      const count = this.#sizeOrUnknown(expr.range)
      this.#sizeOfLoop(expr, count)
      return sum([before, result, estimate.multiply(count, loop)])
    })
  }

  #sizeOfLoop(expr: Comprehension, count: Range): void {
    if (expr.init.kind === 'literal') {
      const size = this.#size(expr.init)
      if (size !== undefined) this.#sizes.set(expr, size)
    } else if (expr.init.kind === 'list' || expr.init.kind === 'map') {
      this.#sizes.set(expr, count)
      this.#setEntries(expr, this.#entriesOf(expr.step))
    }
  }

  #loopVariables(expr: Comprehension): [name: string, local: Local][] {
    const entries = this.#entriesOf(expr.range)
    const path = this.#pathOf(expr.range)
    const list = entries?.list ?? this.#typeOf(expr.range).kind === 'list'
    const key: Local = { path: [...path, list ? '@indices' : '@keys'], size: entries?.key, entries: undefined }
    const value: Local = { path: [...path, list ? '@items' : '@values'], size: entries?.value, entries: undefined }
    if (expr.variable2 === undefined) return [[expr.variable, list ? value : key]]
    return [
      [expr.variable, key],
      [expr.variable2, value],
    ]
  }

  #localOf(expr: Expr): Local {
    return { path: this.#pathOf(expr), size: this.#size(expr), entries: this.#entriesOf(expr) }
  }

  #within<T>(locals: readonly (readonly [string, Local])[], act: () => T): T {
    for (const [name, local] of locals) this.#locals.set(name, [...(this.#locals.get(name) ?? []), local])
    const result = act()
    for (const [name] of locals) this.#locals.get(name)?.pop()
    return result
  }

  #local(name: string): Local | undefined {
    return this.#locals.get(name)?.at(-1)
  }

  #localBy(expr: Expr): Local | undefined {
    return expr.kind === 'ident' ? this.#local(expr.name) : undefined
  }

  #node(expr: Expr): EstimateNode {
    const path = this.#pathOf(expr)
    const computed = path[0] === accumulatorName
    return { expr, type: this.#typeOf(expr), path: computed || path.length === 0 ? undefined : path, computedSize: this.#size(expr) }
  }

  #typeOf(expr: Expr): CelType {
    return this.#checked.types.get(expr) ?? dyn
  }

  #pathOf(expr: Expr): readonly string[] {
    return this.#localBy(expr)?.path ?? this.#paths.get(expr) ?? []
  }

  #sizeOrUnknown(expr: Expr): Range {
    return this.#size(expr) ?? estimate.unknownSize
  }

  #size(expr: Expr): Range | undefined {
    const known = this.#sizes.get(expr) ?? sizeOfLiteral(expr)
    if (known !== undefined) return known
    const path = this.#pathOf(expr)
    const type = this.#typeOf(expr)
    const found = this.#sizeOf({ expr, type, path: path.length === 0 ? undefined : path, computedSize: undefined })
    if (found !== undefined) {
      this.#sizes.set(expr, found)
      return found
    }
    return isScalar(type) ? one : this.#localBy(expr)?.size
  }

  #entriesOf(expr: Expr): EntrySize | undefined {
    return this.#entries.get(expr) ?? this.#localBy(expr)?.entries
  }

  #setEntries(expr: Expr, entries: EntrySize | undefined): void {
    if (entries !== undefined) this.#entries.set(expr, entries)
  }

  #copySizes(to: Expr, from: Expr): void {
    const size = this.#size(from)
    if (size !== undefined) this.#sizes.set(to, size)
    this.#setEntries(to, this.#entriesOf(from))
  }
}

const sum = (ranges: readonly Range[]): Range => ranges.reduce(estimate.add, estimate.zero)

function unionOfEntries(a: EntrySize | undefined, b: EntrySize | undefined): EntrySize | undefined {
  if (a === undefined || b === undefined) return undefined
  return { list: a.list, key: estimate.union(a.key, b.key), value: estimate.union(a.value, b.value) }
}

/** cel.bind(): a loop over an empty range. */
const isBinding = ({ range, condition, accumulator }: Comprehension): boolean =>
  range.kind === 'list' &&
  range.items.length === 0 &&
  condition.kind === 'literal' &&
  condition.value === false &&
  accumulator !== accumulatorName

function sizeOfLiteral(expr: Expr): Range | undefined {
  switch (expr.kind) {
    case 'literal':
      return estimate.fixed(
        typeof expr.value === 'string' ? [...expr.value].length : expr.value instanceof Uint8Array ? expr.value.length : 1,
      )
    case 'list':
      return estimate.fixed(expr.items.length)
    case 'map':
      return estimate.fixed(expr.entries.length)
    default:
      return undefined
  }
}

function isScalar(type: CelType): boolean {
  if (isOptional(type)) return isScalar(paramOf(type, 0))
  return ['bool', 'double', 'duration', 'int', 'timestamp', 'uint'].includes(type.kind)
}
