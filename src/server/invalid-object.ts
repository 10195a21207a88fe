// The refusal of an object for its faults.
import type { FieldError } from '../api/field-error.ts'
import type { ResourceDefinition } from '../api/resource.ts'
import { type ApiError, invalid } from '../api/status.ts'

/** A 422 that names the kind by the group in whose form it is stored, as upstream's internal types are: that of an events.k8s.io Event is `Event`. */
export function invalidObject({ group, kind, storedAs }: ResourceDefinition, name: string, errors: readonly FieldError[]): ApiError {
  return invalid({ group: storedAs?.group ?? group, kind }, name, errors)
}
