// The refusal of an object for its faults.
import type { FieldError } from '../../api/field-error.ts'
import type { KubeObject } from '../../api/object.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { declaredKind } from '../../api/schema/decode.ts'
import { type ApiError, invalid } from '../../api/status.ts'

/**
 * A 422 that names the kind by the group in whose form it is stored, as upstream's internal types are: that of an events.k8s.io Event is `Event`.
 * A custom resource has no such form: it is called what it says that it is.
 */
export function invalidObject(
  { group, kind, storedAs, custom }: ResourceDefinition,
  name: string,
  errors: readonly FieldError[],
  object: KubeObject,
): ApiError {
  if (custom === undefined) return invalid({ group: storedAs?.group ?? group, kind }, name, errors)
  const declared = declaredKind(object, { group, version: '', kind })
  return invalid(typeof declared === 'string' ? { group, kind } : declared, name, errors)
}
