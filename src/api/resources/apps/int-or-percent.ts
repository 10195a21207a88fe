// Fields that contain a number of pods or a percentage of them.
import { type FieldError, invalidValue } from '../../field-error.ts'
import { parseInt64 } from '../../go-text/go-int64.ts'
import { goIntOrString, invalidShown } from '../../validation/go-syntax.ts'
import { percent } from '../../validation/names.ts'
import { negativeMessage } from '../../validation/object-meta.ts'

export type IntOrPercent = number | string

/** A percentage string, or a number of at least zero. */
export function validateIntOrPercent(value: IntOrPercent, field: string, errors: FieldError[]): void {
  if (typeof value === 'string') for (const message of percent(value)) errors.push(invalidShown(field, goIntOrString(value), message))
  else if (value < 0) errors.push(invalidValue(field, value, negativeMessage))
}

export function validateAtMost100Percent(value: IntOrPercent | undefined, field: string, errors: FieldError[]): void {
  const number = percentOf(value)
  if (value !== undefined && number !== undefined && number > 100)
    errors.push(invalidShown(field, goIntOrString(value), 'must not be greater than 100%'))
}

/** The number before the percent sign; undefined for plain numbers and malformed strings. */
function percentOf(value: IntOrPercent | undefined): number | undefined {
  if (typeof value !== 'string' || percent(value).length > 0) return undefined
  return Number(value.slice(0, -1))
}

/** The number, of a percentage or text too: the value that upstream compares with zero. */
export function numberOf(value: IntOrPercent): number {
  if (typeof value === 'number') return value
  const number = percentOf(value) ?? parseInt64(value)
  return typeof number === 'number' ? number : 0
}
