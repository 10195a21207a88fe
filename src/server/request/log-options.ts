// PodLogOptions as the API judges them, before anything of the pod is looked at.
import { type FieldError, forbiddenField, invalidValue, wholeObject } from '../../api/field-error.ts'
import { parseTime } from '../../api/schema/go-time.ts'
import { badRequest, invalid } from '../../api/status.ts'
import type { Query } from './query.ts'

/** Throws upstream's 422 for values out of range, and its 400 for what is no number or time. `name` is the pod's. */
export function judgeLogOptions(query: Query, name: string): void {
  // All are read before any is judged, in the order of upstream's structure: the first that cannot be read is told.
  const sinceSeconds = query.integer('sinceSeconds')
  const sinceTime = query.get('sinceTime')
  if (sinceTime) readTime(sinceTime)
  const tailLines = query.integer('tailLines')
  const limitBytes = query.integer('limitBytes')
  const errors: FieldError[] = []
  if (tailLines !== undefined && tailLines < 0) errors.push(invalidValue('tailLines', tailLines, 'must be greater than or equal to 0'))
  if (limitBytes !== undefined && limitBytes < 1) errors.push(invalidValue('limitBytes', limitBytes, 'must be greater than 0'))
  if (sinceSeconds !== undefined && sinceTime !== undefined) {
    errors.push(forbiddenField(wholeObject, 'at most one of `sinceTime` or `sinceSeconds` may be specified'))
  } else if (sinceSeconds !== undefined && sinceSeconds < 1) {
    errors.push(invalidValue('sinceSeconds', sinceSeconds, 'must be greater than 0'))
  }
  // The choice of a stream is off by default in v1.33.
  if (query.get('stream') !== undefined) errors.push(forbiddenField('stream', 'may not be specified'))
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, name, errors)
}

function readTime(text: string): void {
  const parsed = parseTime(text)
  // Older clients send the word, for no time.
  if (!parsed.ok && text !== 'null') throw badRequest(parsed.message)
}
