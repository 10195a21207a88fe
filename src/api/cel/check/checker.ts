// Finds the type of every part of an expression and the possible overloads of its calls; rules and messages are cel-go's.

import type { CelFunction, Overload } from '../functions/function.ts'
import { CelCompileError, type Issue } from '../issue.ts'
import { type Call, type Comprehension, type Expr, type ListExpr, type MapExpr, qualifiedName, type StructExpr } from '../syntax/ast.ts'
import type { CelType } from '../values/type.ts'
import * as t from '../values/type.ts'
import { candidates, type Declarations, type Variable } from './declarations.ts'
import { mostGeneral, Substitutions } from './unify.ts'

/** A checked expression: the tree, its types, resolved names and possible overloads. */
export interface Checked {
  readonly source: string
  readonly expr: Expr
  readonly type: CelType
  readonly types: ReadonlyMap<Expr, CelType>
  /** The variable for each identifier, and for each selection that is a dotted variable name. */
  readonly variables: ReadonlyMap<Expr, Variable>
  readonly calls: ReadonlyMap<Call, ResolvedCall>
}

export interface ResolvedCall {
  readonly name: string
  /** Possible overloads, never empty; several if types are known only at run time. */
  readonly overloads: readonly Overload[]
  /** With the target first, unless the target was part of the function's name. */
  readonly args: readonly Expr[]
}

/** Throws `CelCompileError` with every issue found. */
export function check(source: string, expr: Expr, declarations: Declarations): Checked {
  const checker = new Checker(declarations)
  const type = checker.check(expr)
  if (checker.issues.length > 0) throw new CelCompileError(source, checker.issues)
  return { source, expr, ...checker.finish(type) }
}

class Checker {
  readonly issues: Issue[] = []
  readonly #declarations: Declarations
  readonly #types = new Map<Expr, CelType>()
  readonly #variables = new Map<Expr, Variable>()
  readonly #calls = new Map<Call, ResolvedCall>()
  readonly #substitutions = new Substitutions()
  readonly #scopes: Map<string, Variable>[] = []
  #freeTypes = 0

  constructor(declarations: Declarations) {
    this.#declarations = declarations
  }

  finish(type: CelType): Pick<Checked, 'type' | 'types' | 'variables' | 'calls'> {
    for (const [expr, found] of this.#types) this.#types.set(expr, this.#substitutions.substitute(found, true))
    return { type: this.#substitutions.substitute(type, true), types: this.#types, variables: this.#variables, calls: this.#calls }
  }

  check(expr: Expr): CelType {
    // Macros use their target twice; nested targets would be checked in exponential time.
    const known = this.#types.get(expr)
    if (known !== undefined) return known
    const type = this.#typeOf(expr)
    this.#types.set(expr, type)
    return type
  }

  #typeOf(expr: Expr): CelType {
    switch (expr.kind) {
      case 'literal':
        return literalTypes[expr.type]
      case 'ident':
        return this.#ident(expr, expr.name)
      case 'select':
        return this.#select(expr)
      case 'call':
        return this.#call(expr)
      case 'list':
        return this.#list(expr)
      case 'map':
        return this.#map(expr)
      case 'struct':
        return this.#struct(expr)
      case 'comprehension':
        return this.#comprehension(expr)
    }
  }

  #ident(expr: Expr, name: string): CelType {
    const variable = this.#lookUp(name)
    if (variable === undefined) return this.#undeclared(expr, name)
    this.#variables.set(expr, variable)
    return variable.type
  }

  #lookUp(name: string): Variable | undefined {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const local = this.#scopes[i]?.get(name)
      if (local !== undefined) return local
    }
    for (const candidate of candidates(this.#declarations.container, name)) {
      const found = this.#declarations.variables.get(candidate) ?? this.#declarations.findType?.(candidate)
      if (found !== undefined) return found
    }
    return undefined
  }

  #function(name: string): CelFunction | undefined {
    for (const candidate of candidates(this.#declarations.container, name)) {
      const found = this.#declarations.functions.get(candidate)
      if (found !== undefined) return found
    }
    return undefined
  }

  #undeclared(expr: Expr, name: string): CelType {
    this.#report(expr, `undeclared reference to '${name}' (in container '${this.#declarations.container}')`)
    return t.errorType
  }

  #select(expr: Extract<Expr, { kind: 'select' }>): CelType {
    const name = qualifiedName(expr)
    const variable = name === undefined ? undefined : this.#lookUp(name)
    if (variable !== undefined) {
      this.#variables.set(expr, variable)
      return variable.type
    }
    const type = this.#field(expr, expr.operand, expr.field, false)
    return expr.testOnly ? t.bool : this.#substitutions.substitute(type, false)
  }

  #field(expr: Expr, operand: Expr, field: string, optional: boolean): CelType {
    const operandType = this.#substitutions.substitute(this.check(operand), false)
    const target = t.unwrapOptional(operandType)
    const found = this.#fieldOf(expr, target, field)
    return optional || t.isOptional(operandType) ? t.optional(found) : found
  }

  #fieldOf(expr: Expr, target: CelType, field: string): CelType {
    switch (target.kind) {
      case 'map':
        return t.paramOf(target, 1)
      case 'object': {
        const type = target.field?.(field)
        const message = target.field === undefined ? `unexpected failed resolution of '${target.name}'` : `undefined field '${field}'`
        if (type === undefined) this.#report(expr, message)
        return type ?? t.errorType
      }
      case 'param':
        this.#fits(t.dyn, target)
        return t.dyn
      default:
        if (!t.isDynOrError(target)) this.#report(expr, `type '${t.formatType(target)}' does not support field selection`)
        return t.dyn
    }
  }

  #call(expr: Call): CelType {
    if (expr.name === '_?._') return this.#optionalSelect(expr)
    const args = expr.args.map(arg => this.check(arg))
    if (expr.target === undefined) {
      const found = this.#function(expr.name)
      return found === undefined ? this.#undeclared(expr, expr.name) : this.#resolve(expr, found, args, expr.args, false)
    }
    const prefix = qualifiedName(expr.target)
    const namespaced = prefix === undefined ? undefined : this.#function(`${prefix}.${expr.name}`)
    if (namespaced !== undefined) return this.#resolve(expr, namespaced, args, expr.args, false)
    const target = this.check(expr.target)
    const found = this.#function(expr.name)
    if (found === undefined) return this.#undeclared(expr, expr.name)
    return this.#resolve(expr, found, [target, ...args], [expr.target, ...expr.args], true)
  }

  #optionalSelect(expr: Call): CelType {
    const [operand, field] = expr.args
    if (operand === undefined || field?.kind !== 'literal' || typeof field.value !== 'string') {
      this.#report(field ?? expr, 'unsupported optional field selection')
      return t.errorType
    }
    const type = this.#field(expr, operand, field.value, true)
    return this.#substitutions.substitute(type, false)
  }

  #resolve(expr: Call, fn: CelFunction, types: readonly CelType[], args: readonly Expr[], member: boolean): CelType {
    const overloads: Overload[] = []
    let result: CelType | undefined
    for (const overload of fn.overloads) {
      if (overload.member !== member || overload.params.length !== types.length) continue
      const fresh = this.#instantiate(overload)
      if (!this.#substitutions.assignable(types, fresh.params)) continue
      overloads.push(overload)
      const found = this.#substitutions.substitute(fresh.result, false)
      if (result === undefined) result = found
      else if (!t.isDyn(result) && !t.sameType(found, result)) result = t.dyn
    }
    if (result === undefined) {
      const shown = types.map(type => this.#substitutions.substitute(type, true))
      if (!this.#complainOfOperands(fn, types, args)) {
        this.#report(expr, `found no matching overload for '${fn.name}' applied to '${t.formatCall(shown, member)}'`)
      }
      return t.errorType
    }
    this.#calls.set(expr, { name: fn.name, overloads, args })
    return result
  }

  /** `&&` and `||` report the operand that is no bool, at its own place; returns whether the call is one of them. */
  #complainOfOperands({ name }: CelFunction, types: readonly CelType[], args: readonly Expr[]): boolean {
    if (name !== '_&&_' && name !== '_||_') return false
    args.forEach((arg, index) => {
      const type = types[index] ?? t.errorType
      if (!this.#fits(type, t.bool)) this.#mismatch(arg, t.bool, type)
    })
    return true
  }

  /** The overload with fresh type parameters, so that two calls do not share them. */
  #instantiate({ params, result }: Overload): { params: readonly CelType[]; result: CelType } {
    if (!hasParams(result) && !params.some(hasParams)) return { params, result }
    const names = new Map<string, CelType>()
    const fresh = (type: CelType): CelType => {
      if (type.kind !== 'param') return type.params.length === 0 ? type : { ...type, params: type.params.map(fresh) }
      const known = names.get(type.name)
      if (known !== undefined) return known
      const free = this.#newType()
      names.set(type.name, free)
      return free
    }
    return { params: params.map(fresh), result: fresh(result) }
  }

  #list(expr: ListExpr): CelType {
    let joined: CelType | undefined
    expr.items.forEach((item, index) => {
      joined = this.#join(joined, this.#element(item, expr.optional.has(index)))
    })
    return t.list(joined ?? this.#newType())
  }

  #map(expr: MapExpr): CelType {
    let keys: CelType | undefined
    let values: CelType | undefined
    for (const { key, value, optional } of expr.entries) {
      keys = this.#join(keys, this.check(key))
      values = this.#join(values, this.#element(value, optional))
    }
    return t.map(keys ?? this.#newType(), values ?? this.#newType())
  }

  /** The type of an item; for `?item`, the type inside the optional. */
  #element(item: Expr, optional: boolean): CelType {
    const type = this.check(item)
    if (!optional) return type
    if (!t.isOptional(type) && !t.isDyn(type)) this.#mismatch(item, t.optional(type), type)
    return t.unwrapOptional(type)
  }

  #join(before: CelType | undefined, type: CelType): CelType {
    if (before === undefined) return type
    return this.#fits(before, type) ? mostGeneral(before, type) : t.dyn
  }

  #struct(expr: StructExpr): CelType {
    const variable = this.#lookUp(expr.typeName)
    if (variable === undefined) {
      this.#undeclared(expr, expr.typeName)
      return t.errorType
    }
    this.#variables.set(expr, variable)
    const named = variable.type.kind === 'type' ? variable.type.params[0] : undefined
    if (named === undefined || named.kind !== 'object') {
      const what =
        variable.type.kind === 'type' ? `'${variable.name}' is not a message type` : `'${t.formatType(variable.type)}' is not a type`
      this.#report(expr, what)
    }
    const object = named?.kind === 'object' ? named : undefined
    for (const { name, value, optional, offset } of expr.fields) {
      const type = this.#element(value, optional)
      if (object === undefined) continue
      const field = object.field?.(name)
      if (field === undefined) this.issues.push({ offset, message: `undefined field '${name}'` })
      else if (!this.#fits(field, type)) {
        const message = `expected type of field '${name}' is '${t.formatType(field)}' but provided type is '${this.#shown(type)}'`
        this.issues.push({ offset, message })
      }
    }
    return object ?? t.errorType
  }

  #comprehension(expr: Comprehension): CelType {
    const range = this.#substitutions.substitute(this.check(expr.range), false)
    const init = this.check(expr.init)
    const [key, value] = this.#rangeTypes(expr.range, range)
    const locals = new Map<string, Variable>()
    const bind = (name: string, type: CelType): void => void locals.set(name, { name, type, local: true })
    if (expr.variable2 === undefined) {
      bind(expr.variable, range.kind === 'list' ? value : key)
    } else {
      bind(expr.variable, key)
      bind(expr.variable2, value)
    }
    this.#scopes.push(new Map([[expr.accumulator, { name: expr.accumulator, type: init, local: true }]]), locals)
    this.#expect(expr.condition, t.bool)
    this.#expect(expr.step, init)
    this.#scopes.pop()
    const result = this.check(expr.result)
    this.#scopes.pop()
    return this.#substitutions.substitute(result, false)
  }

  /** Types of keys and values to iterate over; for a list, its indices and items. */
  #rangeTypes(expr: Expr, range: CelType): [key: CelType, value: CelType] {
    switch (range.kind) {
      case 'list':
        return [t.int, t.paramOf(range, 0)]
      case 'map':
        return [t.paramOf(range, 0), t.paramOf(range, 1)]
      case 'dyn':
      case 'error':
      case 'param':
        this.#fits(t.dyn, range)
        return [t.dyn, t.dyn]
      default:
        this.#report(expr, `expression of type '${t.formatType(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`)
        return [t.errorType, t.errorType]
    }
  }

  #expect(expr: Expr, type: CelType): void {
    const found = this.check(expr)
    if (!this.#fits(type, found)) this.#mismatch(expr, type, found)
  }

  #mismatch(expr: Expr, expected: CelType, found: CelType): void {
    this.#report(expr, `expected type '${t.formatType(expected)}' but found '${t.formatType(found)}'`)
  }

  #shown(type: CelType): string {
    return t.formatType(this.#substitutions.substitute(type, false))
  }

  #fits(a: CelType, b: CelType): boolean {
    return this.#substitutions.assignable([a], [b])
  }

  #newType(): CelType {
    return t.param(`_var${this.#freeTypes++}`)
  }

  #report({ offset }: Expr, message: string): void {
    this.issues.push({ offset, message })
  }
}

const hasParams = (type: CelType): boolean => type.kind === 'param' || type.params.some(hasParams)

const literalTypes = {
  null: t.nullType,
  bool: t.bool,
  int: t.int,
  uint: t.uint,
  double: t.double,
  string: t.string,
  bytes: t.bytes,
} as const
