import type { Expr } from './ast.ts'

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

/** Visits every part of an expression once; `visit` returns whether to descend. */
export function walk(expr: Expr, visit: (expr: Expr) => boolean, seen = new Set<Expr>()): void {
  if (seen.has(expr)) return
  seen.add(expr)
  if (!visit(expr)) return
  for (const child of childrenOf(expr)) walk(child, visit, seen)
}
