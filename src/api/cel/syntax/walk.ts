import type { Call, Expr } from './ast.ts'

/** The parts of an expression, from left to right. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'select':
      return [expr.operand]
    case 'call':
      return expr.target === undefined ? expr.args : [expr.target, ...expr.args]
    case 'list':
      return expr.items
    case 'map':
      return expr.entries.flatMap(({ key, value }) => [key, value])
    case 'struct':
      return expr.fields.map(({ value }) => value)
    case 'comprehension':
      return [expr.range, expr.init, expr.condition, expr.step, expr.result]
    default:
      return []
  }
}

/** Every part of an expression, once, with the calls that it is an argument of, outermost first. */
export function* walk(
  expr: Expr,
  within: readonly Call[] = [],
  seen = new Set<Expr>(),
): Generator<{ expr: Expr; within: readonly Call[] }> {
  if (seen.has(expr)) return
  seen.add(expr)
  yield { expr, within }
  const inside = expr.kind === 'call' ? [...within, expr] : within
  for (const child of childrenOf(expr)) yield* walk(child, inside, seen)
}
