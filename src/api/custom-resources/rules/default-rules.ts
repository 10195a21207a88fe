// Evaluates the rules of a definition's schema on its defaults when the definition is written.
import type { FieldError } from '../../field-error.ts'
import type { JSONSchemaProps } from '../../types/apiextensions-v1.ts'
import { withinDefault } from '../schema/definition-defaults.ts'
import { uncorrelated } from '../schema/old-values.ts'
import { isSchema, metaFields } from '../schema/schema-reader.ts'
import { compileNode, evaluateByNode, newBudget, type RuleBudget, type RuleNode } from './rule-evaluator.ts'

/** For a structural schema. The defaults of those in `wrong` are invalid already. All defaults share the cost limit of one request. */
export function evaluateDefaultsByRules(schema: JSONSchemaProps, field: string, wrong: ReadonlySet<JSONSchemaProps>): FieldError[] {
  const errors: FieldError[] = []
  visit(undefined, schema, field, true, { budget: newBudget(), wrong, errors })
  return errors
}

interface DefaultEvaluation {
  readonly budget: RuleBudget
  readonly wrong: ReadonlySet<JSONSchemaProps>
  readonly errors: FieldError[]
}

/** `above`: the rules of this place, if those of a place above were compiled; null if it has none. Others are compiled at the first default. */
function visit(
  above: RuleNode | null | undefined,
  schema: JSONSchemaProps,
  field: string,
  root: boolean,
  evaluation: DefaultEvaluation,
): void {
  const { budget, wrong, errors } = evaluation
  if (above === null || budget.left < 0 || budget.work < 0) return
  const { default: value } = schema
  let node = above
  if (value !== undefined && value !== null && !wrong.has(schema)) {
    node ??= compileNode(schema, root)
    // A place without rules has none below it.
    if (node === undefined) return
    errors.push(...evaluate(node, value, budget).map(error => withinDefault(error, `${field}.default`)))
  }
  const rulesOf = (inner: RuleNode | undefined): RuleNode | null | undefined => (node === undefined ? undefined : (inner ?? null))
  if (isSchema(schema.items)) visit(rulesOf(node?.items), schema.items, `${field}.items`, false, evaluation)
  const isResource = root || schema['x-kubernetes-embedded-resource'] === true
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (isResource && metaFields.has(name)) continue
    visit(rulesOf(node?.properties.get(name)), property, `${field}.properties[${name}]`, false, evaluation)
  }
}

/** As upstream: once as an unchanged value, for transition rules; and once as a new one, for rules that look at both. */
function evaluate(node: RuleNode, value: unknown, budget: RuleBudget): readonly FieldError[] {
  const second = { ...budget }
  const { errors } = evaluateByNode(node, value, value, undefined, budget)
  if (errors.length > 0) return errors
  const created = evaluateByNode(node, value, uncorrelated, undefined, second)
  budget.left = Math.min(budget.left, second.left)
  budget.work = Math.min(budget.work, second.work)
  return created.errors
}
