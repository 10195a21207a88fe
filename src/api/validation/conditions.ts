// Validation of metav1.Condition lists in the status of newer kinds.
import { duplicate, type FieldError, invalidValue, notSupported, required, tooLong } from '../field-error.ts'
import type { Condition } from '../types/meta-v1.ts'
import { exceedsBytes } from './byte-length.ts'
import { patternMessage, qualifiedName } from './names.ts'
import { pushMessages } from './object-meta.ts'

const statuses = ['False', 'True', 'Unknown']
const reasonFormat = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?'
// Equivalent to upstream's, without the nesting that could back-track.
const reasonPattern = /^[A-Za-z][A-Za-z0-9_,:]*$/
const reasonMessage = patternMessage(
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
  reasonFormat,
  'my_name',
  'MY_NAME',
  'MyName',
  'ReasonA,ReasonB',
  'ReasonA:ReasonB',
)
const maxReasonLength = 1024
const maxMessageLength = 32 * 1024

export function validateConditions(conditions: readonly Condition[] | null | undefined, field: string, errors: FieldError[]): void {
  const types = new Set<string>()
  conditions?.forEach((condition, index) => {
    const at = `${field}[${index}]`
    if (types.has(condition.type)) errors.push(duplicate(`${at}.type`, condition.type))
    types.add(condition.type)
    validateCondition(condition, at, errors)
  })
}

function validateCondition(condition: Condition, field: string, errors: FieldError[]): void {
  const { type, status, observedGeneration = 0, lastTransitionTime, reason, message } = condition
  pushMessages(errors, `${field}.type`, type, qualifiedName(type))
  if (!statuses.includes(status)) errors.push(notSupported(`${field}.status`, status, statuses))
  if (observedGeneration < 0) {
    errors.push(invalidValue(`${field}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero'))
  }
  if (!lastTransitionTime) errors.push(required(`${field}.lastTransitionTime`, 'must be set'))
  if (reason === '') {
    errors.push(required(`${field}.reason`, 'must be set'))
  } else {
    if (!reasonPattern.test(reason) || /[,:]$/.test(reason)) errors.push(invalidValue(`${field}.reason`, reason, reasonMessage))
    if (exceedsBytes(reason, maxReasonLength)) errors.push(tooLong(`${field}.reason`, maxReasonLength))
  }
  if (exceedsBytes(message, maxMessageLength)) errors.push(tooLong(`${field}.message`, maxMessageLength))
}
