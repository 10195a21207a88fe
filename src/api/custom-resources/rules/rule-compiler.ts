// Compiles one rule of a schema (`x-kubernetes-validations`): its expression, its message expression, and the cost of both.
import type { Checked } from '../../cel/check/checker.ts'
import { estimateCost } from '../../cel/check/cost.ts'
import { type Environment, Program } from '../../cel/environment.ts'
import { CelCompileError } from '../../cel/issue.ts'
import { newExpressions, storedExpressions } from '../../cel/kubernetes/base.ts'
import { type SchemaDeclaration, sizesOf } from '../../cel/kubernetes/schema-declaration.ts'
import { CelProgramError } from '../../cel/values/failure.ts'
import { bool, optional, sameType, string } from '../../cel/values/type.ts'
import type { JSONSchemaProps, ValidationRule } from '../../types/apiextensions-v1.ts'
import { fieldPathOf } from '../field-path.ts'

export interface CompiledExpression {
  readonly program: Program | undefined
  /** Why there is no program; undefined if there is one, and for an empty expression. */
  readonly problem: string | undefined
  /** The maximum cost of an evaluation. */
  readonly cost: number
}

export interface CompiledRule {
  readonly rule: ValidationRule
  readonly expression: CompiledExpression
  readonly usesOldSelf: boolean
  /** Undefined if the rule has no message expression. */
  readonly message: CompiledExpression | undefined
  /** The rule's field path below its own place; '' for its own place. */
  readonly fieldPath: string
}

const none: CompiledExpression = { program: undefined, problem: undefined, cost: 0 }

/** `stored`: the rule is already part of a definition, and may use all features of this release. */
export function compileRule(rule: ValidationRule, schema: JSONSchemaProps, declaration: SchemaDeclaration, stored: boolean): CompiledRule {
  if (rule.rule.trim() === '') return { rule, expression: none, usesOldSelf: false, message: undefined, fieldPath: '' }
  const { type } = declaration
  const oldSelf = rule.optionalOldSelf === true ? optional(type) : type
  const base = (stored ? storedExpressions : newExpressions)()
  const environment = base.extend([
    { name: 'self', type },
    { name: 'oldSelf', type: oldSelf },
  ])
  const found = compileExpression(rule.rule, environment, declaration)
  const { checked } = found
  const wrong = checked !== undefined && !sameType(checked.type, bool)
  const expression = wrong ? { ...none, problem: 'cel expression must evaluate to a bool' } : found
  const message =
    rule.messageExpression && expression.problem === undefined
      ? compileMessage(rule.messageExpression, environment, declaration)
      : undefined
  // As upstream, nothing after a message that does not compile is read.
  const path = rule.fieldPath && message?.problem === undefined ? fieldPathOf(rule.fieldPath, schema) : undefined
  return {
    rule,
    expression,
    usesOldSelf: !wrong && checked !== undefined && mentions(checked, 'oldSelf'),
    message,
    fieldPath: path?.ok === true ? path.text : '',
  }
}

function compileMessage(source: string, environment: Environment, declaration: SchemaDeclaration): CompiledExpression {
  const { checked, problem, ...rest } = compileExpression(source, environment, declaration)
  if (problem !== undefined) return { ...rest, program: undefined, problem: `messageExpression ${problem}` }
  if (checked !== undefined && !sameType(checked.type, string)) return { ...none, problem: 'messageExpression must evaluate to a string' }
  return { ...rest, problem }
}

function compileExpression(
  source: string,
  environment: Environment,
  declaration: SchemaDeclaration,
): CompiledExpression & { readonly checked: Checked | undefined } {
  try {
    const checked = environment.compile(source)
    const program = new Program(checked)
    return { checked, program, problem: undefined, cost: estimateCost(checked, sizesOf(declaration)).max }
  } catch (err) {
    if (err instanceof CelCompileError) return { ...none, checked: undefined, problem: `compilation failed: ${err.message}` }
    if (err instanceof CelProgramError) return { ...none, checked: undefined, problem: `program instantiation failed: ${err.message}` }
    throw err
  }
}

function mentions({ variables }: Checked, name: string): boolean {
  for (const variable of variables.values()) if (variable.name === name) return true
  return false
}
