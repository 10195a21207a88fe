// The dryRun option.
import { type FieldError, notSupported } from '../../api/field-error.ts'

/** For validated values: anything but `All` is refused. */
export function isDryRun(values: readonly string[]): boolean {
  return values.length > 0
}

export function validateDryRun(values: readonly string[], errors: FieldError[]): void {
  if (values.some(value => value !== 'All')) errors.push(notSupported('dryRun', values, ['All']))
}
