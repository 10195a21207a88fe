// Parses and validates PodLogOptions, before the pod is read.
import { type FieldError, forbiddenField, invalidValue, wholeObject } from '../../api/field-error.ts'
import { parseTime } from '../../api/go-text/go-time.ts'
import type { LogOptions } from '../../api/nodes/node-query.ts'
import { badRequest, invalid } from '../../api/status.ts'
import type { Query } from './query.ts'

/** The options for the node. Throws upstream's 422 for values out of range, and its 400 for malformed numbers and times. `name` is the pod's. */
export function readLogOptions(query: Query, name: string): LogOptions {
  // All are parsed before any is validated, in the order of upstream's struct: the first malformed one is reported.
  const sinceSeconds = query.integer('sinceSeconds')
  const sinceTimeText = query.get('sinceTime')
  const sinceTime = sinceTimeText ? readTime(sinceTimeText) : undefined
  const tailLines = query.integer('tailLines')
  const limitBytes = query.integer('limitBytes')
  const errors: FieldError[] = []
  if (tailLines !== undefined && tailLines < 0) errors.push(invalidValue('tailLines', tailLines, 'must be greater than or equal to 0'))
  if (limitBytes !== undefined && limitBytes < 1) errors.push(invalidValue('limitBytes', limitBytes, 'must be greater than 0'))
  if (sinceSeconds !== undefined && sinceTimeText !== undefined) {
    errors.push(forbiddenField(wholeObject, 'at most one of `sinceTime` or `sinceSeconds` may be specified'))
  } else if (sinceSeconds !== undefined && sinceSeconds < 1) {
    errors.push(invalidValue('sinceSeconds', sinceSeconds, 'must be greater than 0'))
  }
  // Choosing a stream is off by default in v1.33.
  if (query.get('stream') !== undefined) errors.push(forbiddenField('stream', 'may not be specified'))
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, name, errors)
  return {
    follow: query.flag('follow'),
    previous: query.flag('previous'),
    timestamps: query.flag('timestamps'),
    ...counts({ sinceSeconds, tailLines, limitBytes }),
    ...(sinceTime === undefined ? {} : { sinceTime }),
  }
}

type Counts = Partial<Record<'sinceSeconds' | 'tailLines' | 'limitBytes', number>>

/** Drops undefined options, and caps numbers: more than any log has is as good as the largest number. */
function counts(given: { readonly [name in keyof Counts]: number | undefined }): Counts {
  const there: Counts = {}
  for (const [name, value] of Object.entries(given) as [keyof Counts, number | undefined][])
    if (value !== undefined) there[name] = Math.min(value, Number.MAX_SAFE_INTEGER)
  return there
}

/** Undefined without a time: older clients send `null`. */
function readTime(text: string): string | undefined {
  if (text === 'null') return undefined
  const parsed = parseTime(text)
  if (!parsed.ok) throw badRequest(parsed.message)
  return parsed.text ?? undefined
}
