// The syntax tree of an expression. `offset` is the place that error messages point to: the operator, the opening bracket, the name.

interface Node {
  readonly offset: number
}

export interface Literal extends Node {
  readonly kind: 'literal'
  readonly type: 'null' | 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes'
  readonly value: null | boolean | number | bigint | string | Uint8Array
}

export interface Ident extends Node {
  readonly kind: 'ident'
  readonly name: string
}

export interface Select extends Node {
  readonly kind: 'select'
  readonly operand: Expr
  readonly field: string
  /** `has(operand.field)`. */
  readonly testOnly: boolean
}

export interface Call extends Node {
  readonly kind: 'call'
  readonly name: string
  readonly target: Expr | undefined
  readonly args: readonly Expr[]
}

export interface ListExpr extends Node {
  readonly kind: 'list'
  readonly items: readonly Expr[]
  /** Indices of items written `?item`. */
  readonly optional: ReadonlySet<number>
}

export interface MapEntry extends Node {
  readonly key: Expr
  readonly value: Expr
  readonly optional: boolean
}

export interface MapExpr extends Node {
  readonly kind: 'map'
  readonly entries: readonly MapEntry[]
}

export interface StructField extends Node {
  readonly name: string
  readonly value: Expr
  readonly optional: boolean
}

export interface StructExpr extends Node {
  readonly kind: 'struct'
  readonly typeName: string
  readonly fields: readonly StructField[]
}

/** A fold: the expansion of macros. */
export interface Comprehension extends Node {
  readonly kind: 'comprehension'
  readonly range: Expr
  readonly variable: string
  /** The second variable (key and value, index and item); undefined if there is only one. */
  readonly variable2: string | undefined
  readonly accumulator: string
  readonly init: Expr
  readonly condition: Expr
  readonly step: Expr
  readonly result: Expr
}

export type Expr = Literal | Ident | Select | Call | ListExpr | MapExpr | StructExpr | Comprehension

/** The accumulator of the built-in macros; no expression can write this name. */
export const accumulatorName = '@result'

export const literal = (offset: number, type: Literal['type'], value: Literal['value']): Literal => ({
  kind: 'literal',
  offset,
  type,
  value,
})
export const bool = (offset: number, value: boolean): Literal => literal(offset, 'bool', value)
export const ident = (offset: number, name: string): Ident => ({ kind: 'ident', offset, name })
export const select = (offset: number, operand: Expr, field: string, testOnly = false): Select => ({
  kind: 'select',
  offset,
  operand,
  field,
  testOnly,
})
export const call = (offset: number, name: string, args: readonly Expr[], target?: Expr): Call => ({
  kind: 'call',
  offset,
  name,
  target,
  args,
})
export const list = (offset: number, items: readonly Expr[], optional: ReadonlySet<number> = new Set()): ListExpr => ({
  kind: 'list',
  offset,
  items,
  optional,
})

/** `a.b.c` for a chain of names, with a leading dot if there is one; undefined for anything else. */
export function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name
  if (expr.kind !== 'select' || expr.testOnly) return undefined
  const operand = qualifiedName(expr.operand)
  return operand === undefined ? undefined : `${operand}.${expr.field}`
}
