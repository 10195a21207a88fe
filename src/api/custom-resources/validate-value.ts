// Validates a value by the validator of a schema, with ratcheting.
import { type FieldError, forbiddenField, formatFieldError } from '../field-error.ts'
import { uncorrelated } from './schema/old-values.ts'
import { maxValidationSteps, TooManySteps, type Validate, Walk } from './schema/schema-validator.ts'

/** Unchanged values pass if the schema became stricter. */
export function validateChange(validate: Validate, value: unknown, old: unknown): Walk {
  const strict = validateBy(validate, value, uncorrelated)
  return strict.errors.length > 0 ? validateBy(validate, value, old) : strict
}

/** With an old value, its existing errors pass. As upstream, no error is reported twice, though several alternatives may find it. */
export function validateBy(validate: Validate, value: unknown, old: unknown): Walk {
  const walk = new Walk(old !== uncorrelated)
  try {
    validate(value, walk, old)
  } catch (err) {
    if (!(err instanceof TooManySteps)) throw err
    const over = new Walk(false)
    over.errors.push(forbiddenField('<nil>', `the object takes more than ${maxValidationSteps} steps to validate by its schema`))
    return over
  }
  const { errors } = walk
  if (errors.length > 1) {
    const distinct = new Map(errors.map(error => [formatFieldError(error), error]))
    errors.length = 0
    // One by one: a call allows some 100,000 arguments, and each of several alternatives can find an error in each item.
    for (const error of distinct.values()) errors.push(error)
  }
  return walk
}

/** As upstream, the schema's errors below a value at `field` have a dot before the rest, even before an index. */
export function below(error: FieldError, field: string): FieldError {
  return { ...error, field: error.field === '<nil>' ? field : `${field}.${error.field.replace(/^\./, '')}` }
}
