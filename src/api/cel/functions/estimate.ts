// Ranges of sizes and costs, and their arithmetic: overflow gives the largest uint64, which upstream prints as such.
import type { Expr } from '../syntax/ast.ts'
import type { CelType } from '../values/type.ts'

/** Minimum and maximum, in elements, code points or cost units. */
export interface Range {
  readonly min: number
  readonly max: number
}

export interface CallEstimate {
  readonly cost: Range
  /** Size of the call's result, if it has one. */
  readonly size?: Range
}

/** A part of an expression as cost estimates of calls see it. */
export interface EstimateNode {
  readonly expr: Expr | undefined
  readonly type: CelType
  /** The path from a variable to the value, such as `self`, `spec`, `@items`; undefined for a computed value. */
  readonly path: readonly string[] | undefined
  /** Set if the expression itself determines it. */
  readonly computedSize: Range | undefined
}

export interface EstimateCall {
  /** The target of a member call. */
  readonly target: EstimateNode | undefined
  /** Without the target. */
  readonly args: readonly EstimateNode[]
  /** The size of a part: computed, known to the environment, or unbounded. */
  size(node: EstimateNode): Range
}

/** The largest uint64: the upper limit of sizes and costs. */
export const unbounded = 2 ** 64

export const unknownSize: Range = { min: 0, max: unbounded }
export const fixed = (value: number): Range => ({ min: value, max: value })
export const zero = fixed(0)

export const add = (a: Range, b: Range): Range => ({ min: cap(a.min + b.min), max: cap(a.max + b.max) })
export const multiply = (a: Range, b: Range): Range => ({ min: product(a.min, b.min), max: product(a.max, b.max) })
export const scale = (a: Range, factor: number): Range => ({ min: cap(Math.ceil(a.min * factor)), max: cap(Math.ceil(a.max * factor)) })
export const union = (a: Range, b: Range): Range => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) })

const cap = (value: number): number => Math.min(value, unbounded)
/** Zero times something unbounded is zero. */
const product = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : cap(a * b))

/** Cost of traversing a character or byte. */
export const traversalFactor = 0.1
/** Cost of traversing that many characters or bytes. */
export const walk = (size: number): number => Math.ceil(size * traversalFactor)
/** Cost of a character of a regular expression for each unit of text. */
export const regexFactor = 0.25
