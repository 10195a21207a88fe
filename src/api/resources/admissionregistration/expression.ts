// Compiles admission expressions during validation of their object, with upstream's messages.

import { requireLate } from '../../../base/async/late-module.ts'
import type { AdmissionScope, AdmissionUse } from '../../cel/kubernetes/admission.ts'
import type * as admission from '../../cel/kubernetes/admission-late.ts'
import type { CelType } from '../../cel/values/type.ts'
import { type FieldError, internalFieldError, invalidValue } from '../../field-error.ts'

/** Adds an error if the expression does not compile; otherwise returns its type. `shown` is the value in the message. */
export function checkExpression(
  expression: string,
  use: AdmissionUse,
  scope: AdmissionScope,
  field: string,
  errors: FieldError[],
  shown = expression,
): CelType | undefined {
  // The engine takes megabytes, which a server without expressions need not load.
  const { compileAdmission } = requireLate<typeof admission>(import.meta.url, '../../cel/kubernetes/admission-late.ts')
  const compiled = compileAdmission(expression, use, scope)
  if (compiled.ok) return compiled.type
  errors.push(compiled.internal ? internalFieldError(field, compiled.detail) : invalidValue(field, shown, compiled.detail))
  return undefined
}
