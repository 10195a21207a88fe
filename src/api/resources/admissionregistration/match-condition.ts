// Conditions under which a webhook or policy applies.
import { duplicate, type FieldError, required, tooMany } from '../../field-error.ts'
import type { MatchCondition } from '../../types/admissionregistration-v1.ts'
import { qualifiedName } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'
import { checkExpression } from './expression.ts'

const maxConditions = 64

export interface ConditionScope {
  /** Whether conditions may refer to `params`. */
  readonly params: boolean
  /** Expressions that the stored object has; they may use what is new in this version. */
  readonly stored: ReadonlySet<string>
}

export function validateMatchConditions(
  conditions: readonly MatchCondition[] | undefined,
  field: string,
  errors: FieldError[],
  { params, stored }: ConditionScope,
): void {
  if (conditions === undefined) return
  if (conditions.length > maxConditions) errors.push(tooMany(field, conditions.length, maxConditions))
  const names = new Set<string>()
  conditions.forEach(({ name, expression }, index) => {
    const text = expression.trim()
    if (text === '') errors.push(required(`${field}[${index}].expression`))
    else checkExpression(text, 'condition', { params, authorizer: true, stored: stored.has(text) }, `${field}[${index}].expression`, errors)
    if (name === '') {
      errors.push(required(`${field}[${index}].name`))
      return
    }
    pushMessages(errors, `${field}[${index}].name`, name, qualifiedName(name))
    if (names.has(name)) errors.push(duplicate(`${field}[${index}].name`, name))
    names.add(name)
  })
}

/** The expressions of conditions that are stored. */
export function conditionExpressions(conditions: readonly MatchCondition[] | undefined): string[] {
  return conditions?.map(({ expression }) => expression) ?? []
}
