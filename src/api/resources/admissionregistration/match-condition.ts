// Conditions under which a webhook or policy applies. Their expressions are compiled where they are evaluated.
import { duplicate, type FieldError, required, tooMany } from '../../field-error.ts'
import type { MatchCondition } from '../../types/admissionregistration-v1.ts'
import { qualifiedName } from '../../validation/names.ts'
import { pushMessages } from '../../validation/object-meta.ts'

const maxConditions = 64

export function validateMatchConditions(conditions: readonly MatchCondition[] | undefined, field: string, errors: FieldError[]): void {
  if (conditions === undefined) return
  if (conditions.length > maxConditions) errors.push(tooMany(field, conditions.length, maxConditions))
  const names = new Set<string>()
  conditions.forEach(({ name, expression }, index) => {
    if (expression.trim() === '') errors.push(required(`${field}[${index}].expression`))
    if (name === '') {
      errors.push(required(`${field}[${index}].name`))
      return
    }
    pushMessages(errors, `${field}[${index}].name`, name, qualifiedName(name))
    if (names.has(name)) errors.push(duplicate(`${field}[${index}].name`, name))
    names.add(name)
  })
}
