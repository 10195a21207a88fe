// Expressions about the claims of a token and about the resulting user: their variables and results.

import { Program } from '../../api/cel/environment.ts'
import { CelCompileError } from '../../api/cel/issue.ts'
import { userInfoType } from '../../api/cel/kubernetes/admission-types.ts'
import { storedExpressions } from '../../api/cel/kubernetes/base.ts'
import { perCallLimit } from '../../api/cel/kubernetes/limits.ts'
import type { Expr } from '../../api/cel/syntax/ast.ts'
import { walk } from '../../api/cel/syntax/walk.ts'
import { CelEvaluationError, CelProgramError } from '../../api/cel/values/failure.ts'
import { bool, dyn, map, sameType, string } from '../../api/cel/values/type.ts'
import type { CelValue } from '../../api/cel/values/values.ts'
import { type FieldError, internalFieldError, invalidValue } from '../../api/field-error.ts'

export interface TokenExpression {
  readonly text: string
  readonly variable: 'claims' | 'user'
  readonly program: Program
  /** Its syntax tree, for rules about the claims that it uses. */
  readonly expr: Expr
}

const variables = {
  claims: { name: 'claims', type: map(string, dyn) },
  user: { name: 'user', type: userInfoType },
} as const

/**
 * `decides`: it must return true or false. The result of a mapping is checked at evaluation, because types of claims are unknown before.
 */
export function compileExpression(
  text: string,
  variable: TokenExpression['variable'],
  field: string,
  decides: boolean,
): TokenExpression | FieldError {
  try {
    const checked = storedExpressions().extend([variables[variable]]).compile(text)
    if (decides && !sameType(checked.type, bool)) return invalidValue(field, text, 'must evaluate to bool')
    return { text, variable, program: new Program(checked), expr: checked.expr }
  } catch (err) {
    if (err instanceof CelCompileError) return invalidValue(field, text, `compilation failed: ${err.message}`)
    if (err instanceof CelProgramError) return internalFieldError(field, `program instantiation failed: ${err.message}`)
    throw err
  }
}

export type Evaluated = { readonly value: CelValue } | { readonly refused: string }

/** The engine's errors may contain claims, so only the expression is named. */
export function evaluate({ text, variable, program }: TokenExpression, value: CelValue): Evaluated {
  try {
    return { value: program.evaluate({ [variable]: value }, perCallLimit).value }
  } catch (err) {
    if (!(err instanceof CelEvaluationError)) throw err
    return { refused: `expression '${text}' resulted in error${err.costExceeded ? ': actual cost limit exceeded' : ''}` }
  }
}

/** Whether an expression selects this claim: `claims.email`, `has(claims.email)`, `claims.?email`. */
export function selectsClaim({ expr }: TokenExpression, claim: string): boolean {
  const isClaims = (part: Expr | undefined): boolean => part?.kind === 'ident' && part.name === 'claims'
  let found = false
  walk(expr, part => {
    if (part.kind === 'select') found ||= part.field === claim && isClaims(part.operand)
    else if (part.kind === 'call' && part.name === '_?._') {
      const [operand, field] = part.args
      found ||= isClaims(operand) && field?.kind === 'literal' && field.value === claim
    }
    return !found
  })
  return found
}
