// Limits of texts and lists in the kinds of this group: what clients write is read in full at every admission.
import { type FieldError, invalidValue, required, tooMany } from '../../field-error.ts'

/** Limit of characters of a sentence: an owner, a reason, a message. */
export const maxSentence = 1024
/** Limit of characters of a PEM text. */
export const maxPem = 65_536

/** An absent or blank text is an error; an optional text is validated by `boundedText` only where it is set. */
export function requiredText(field: string, value: string | undefined, max = maxSentence): FieldError[] {
  return value === undefined || value.trim() === '' ? [required(field)] : boundedText(field, value, max)
}

export function boundedText(field: string, value: string | undefined, max = maxSentence): FieldError[] {
  if (value === undefined || value.length <= max) return []
  return [invalidValue(field, `${value.slice(0, 32)}…`, `must have at most ${max} characters, got ${value.length}`)]
}

/** `each` gets the path of its item. Items beyond the limit are not validated. */
export function boundedList<T>(
  field: string,
  list: readonly T[] | undefined,
  max: number,
  each: (item: T, field: string) => readonly FieldError[] = () => [],
): FieldError[] {
  if (list === undefined) return []
  if (list.length > max) return [tooMany(field, list.length, max)]
  return list.flatMap((item, index) => each(item, `${field}[${index}]`))
}

const pemForm = /^-----BEGIN [A-Z ]{1,40}-----\s/

export function pemText(field: string, value: string | undefined): FieldError[] {
  if (value === undefined) return []
  if (!pemForm.test(value)) return [invalidValue(field, value.slice(0, 32), 'must be PEM, beginning with "-----BEGIN"')]
  return boundedText(field, value, maxPem)
}
