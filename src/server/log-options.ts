// PodLogOptions as the API judges them, before anything of the pod is looked at.
import { type FieldError, forbiddenField, invalidValue } from '../api/field-error.ts'
import { invalid } from '../api/status.ts'
import type { Query } from './query.ts'

/** Throws upstream's 422 for values out of range, and its 400 for what is no number. `name` is the pod's. */
export function judgeLogOptions(query: Query, name: string): void {
  const errors: FieldError[] = []
  const tailLines = query.integer('tailLines')
  if (tailLines !== undefined && tailLines < 0) errors.push(invalidValue('tailLines', tailLines, 'must be greater than or equal to 0'))
  const limitBytes = query.integer('limitBytes')
  if (limitBytes !== undefined && limitBytes < 1) errors.push(invalidValue('limitBytes', limitBytes, 'must be greater than 0'))
  const sinceSeconds = query.integer('sinceSeconds')
  if (sinceSeconds !== undefined && query.get('sinceTime')) {
    errors.push(forbiddenField('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'))
  } else if (sinceSeconds !== undefined && sinceSeconds < 1) {
    errors.push(invalidValue('sinceSeconds', sinceSeconds, 'must be greater than 0'))
  }
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, name, errors)
}
