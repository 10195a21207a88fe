// Validates the rules of a definition's schema when the definition is written: they compile and stay within the cost limits of a request.
import { maxRequestBytes } from '../../cel/kubernetes/limits.ts'
import { declareSchema, type SchemaDeclaration } from '../../cel/kubernetes/schema-declaration.ts'
import { type FieldError, forbiddenField, internalFieldError, invalidValue } from '../../field-error.ts'
import type { JSONSchemaProps, ValidationRule } from '../../types/apiextensions-v1.ts'
import { goString, goStruct, invalidShown } from '../../validation/go-syntax.ts'
import { isSchema } from '../schema/schema-reader.ts'
import { someSchema } from '../schema/walk-schema.ts'
import { type CompiledExpression, compileRule } from './rule-compiler.ts'

/** Upstream's limits of the estimated cost of one expression, and of all rules of a schema together. */
const expressionLimit = 10_000_000
const schemaLimit = 100_000_000
const mostExpensive = 4
/** A rule that adds less to the total is not named. */
const leastNamed = schemaLimit / 100
/** Limit of compiled rules of one definition. */
const maxRules = 5000

/** Call before any rule is compiled. */
export function ruleCountProblem(schema: JSONSchemaProps, field: string): FieldError | undefined {
  let count = 0
  someSchema(schema, ({ 'x-kubernetes-validations': rules = [] }) => {
    count += rules.length
    return false
  })
  return count > maxRules ? forbiddenField(field, `schemas may not have more than ${maxRules} rules, found ${count}`) : undefined
}

interface Place {
  readonly field: string
  /** How often values of this place occur in a request; undefined if the schema does not bound it. */
  readonly count: number | undefined
  /** The part of the schema above whose values cannot be correlated with old ones. */
  readonly uncorrelated: string | undefined
}

interface Cost {
  readonly field: string
  readonly cost: number
}

export interface RuleScope {
  /** Whether an earlier version of the definition has this rule: it may use features of this release. */
  isStored(rule: string): boolean
  /** Whether this schema or one within it has an error, so that its rules cannot be type-checked. */
  isFaulty(schema: JSONSchemaProps): boolean
}

/** For a structural schema within the limit of rules. */
export function validateRules(schema: JSONSchemaProps, field: string, scope: RuleScope): FieldError[] {
  const errors: FieldError[] = []
  const costs: Cost[] = []
  visit(schema, true, { field, count: 1, uncorrelated: undefined }, scope, errors, costs)
  const total = costs.reduce((sum, { cost }) => sum + cost, 0)
  if (total > schemaLimit) {
    const worst = costs
      .filter(({ cost }) => cost >= leastNamed)
      .sort((a, b) => b.cost - a.cost)
      .slice(0, mostExpensive)
    const text = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema'
    for (const one of worst) errors.push(forbiddenField(one.field, text))
    const name = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema'
    errors.push(forbiddenField(field, costMessage(name, total, schemaLimit)))
  }
  return errors
}

function visit(schema: JSONSchemaProps, root: boolean, place: Place, scope: RuleScope, errors: FieldError[], costs: Cost[]): void {
  const { field, count } = place
  const rules = schema['x-kubernetes-validations'] ?? []
  if (rules.length > 0 && !scope.isFaulty(schema)) {
    const declaration = declareSchema(schema, root || schema['x-kubernetes-embedded-resource'] === true)
    const rulesField = `${field}.x-kubernetes-validations`
    if (declaration === undefined) {
      errors.push(internalFieldError(rulesField, 'internal error: failed to retrieve type information for x-kubernetes-validations'))
    } else validateHere(schema, declaration, place, scope, errors, costs)
  }
  const times = (bound: number | undefined): number | undefined => (count === undefined || bound === undefined ? undefined : count * bound)
  const below = (inner: JSONSchemaProps, name: string, next: Partial<Place>) =>
    visit(inner, false, { ...place, ...next, field: `${field}.${name}` }, scope, errors, costs)
  for (const [name, property] of Object.entries(schema.properties ?? {})) below(property, `properties[${name}]`, {})
  if (isSchema(schema.additionalProperties))
    below(schema.additionalProperties, 'additionalProperties', { count: times(schema.maxProperties) })
  if (isSchema(schema.items)) {
    const uncorrelated = place.uncorrelated ?? (schema['x-kubernetes-list-type'] === 'map' ? undefined : field)
    below(schema.items, 'items', { count: times(schema.maxItems), uncorrelated })
  }
}

function validateHere(
  schema: JSONSchemaProps,
  declaration: SchemaDeclaration,
  place: Place,
  scope: RuleScope,
  errors: FieldError[],
  costs: Cost[],
): void {
  // Without a bound in the schema, the request size bounds the number of values.
  const count = place.count ?? Math.floor(maxRequestBytes / (declaration.minBytes + 1))
  const validateCost = (name: string, field: string, { cost }: CompiledExpression, times: number) => {
    const total = Math.min(cost * times, Number.MAX_SAFE_INTEGER)
    if (total > expressionLimit) errors.push(forbiddenField(field, costMessage(`estimated ${name} cost`, total, expressionLimit)))
    costs.push({ field, cost: total })
  }
  for (const [index, rule] of (schema['x-kubernetes-validations'] ?? []).entries()) {
    const at = `${place.field}.x-kubernetes-validations[${index}]`
    const { expression, message, usesOldSelf } = compileRule(rule, schema, declaration, scope.isStored(rule.rule))
    validateCost('rule', `${at}.rule`, expression, count)
    if (expression.problem !== undefined) errors.push(invalidShown(`${at}.rule`, goRule(rule), expression.problem))
    if (message?.problem !== undefined) errors.push(invalidShown(`${at}.messageExpression`, goRule(rule), message.problem))
    else if (message !== undefined) validateCost('messageExpression', `${at}.messageExpression`, message, 1)
    if (usesOldSelf && place.uncorrelated !== undefined) {
      const text = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelated}`
      errors.push(invalidValue(`${at}.rule`, rule.rule, text))
    } else if (!usesOldSelf && rule.optionalOldSelf !== undefined) {
      errors.push(invalidValue(`${at}.optionalOldSelf`, rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule'))
    }
  }
}

/** As Go prints a rule; Go prints addresses for pointers, and this their values. */
function goRule({ rule, message, messageExpression, reason, fieldPath, optionalOldSelf }: ValidationRule): string {
  return goStruct('apiextensions.ValidationRule', {
    Rule: goString(rule),
    Message: goString(message),
    MessageExpression: goString(messageExpression),
    Reason: reason === undefined ? '(*apiextensions.FieldValueErrorReason)(nil)' : goString(reason),
    FieldPath: goString(fieldPath),
    OptionalOldSelf: optionalOldSelf === undefined ? '(*bool)(nil)' : String(optionalOldSelf),
  })
}

function costMessage(name: string, cost: number, limit: number): string {
  const factor = cost / limit
  const shown = factor > 100 ? 'more than 100x' : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`
  const advice = 'try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared'
  return `${name} exceeds budget by factor of ${shown} (${advice})`
}
