// Match conditions of webhooks and policies.
import { duplicate, type FieldError, required, tooMany } from '../../field-error.ts'
import type { MatchCondition } from '../../types/admissionregistration-v1.ts'
import { qualifiedName } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'
import { checkExpression } from './expression.ts'

const maxConditions = 64

export interface ConditionScope {
  /** Whether conditions may use `params`. */
  readonly params: boolean
  /** Expressions of the stored object; they may use features of this version. */
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

/** Expressions of stored conditions. */
export function conditionExpressions(conditions: readonly MatchCondition[] | undefined): string[] {
  return conditions?.map(({ expression }) => expression) ?? []
}
