// Applies the patch of a mutating webhook to the object of a request, in the webhook's version.
import { applyJsonPatch } from '../../api/patch/json-patch.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { maxDepth } from '../../api/schema/decode.ts'
import { scanJson } from '../../api/schema/json-text.ts'
import { ApiError, internalError } from '../../api/status.ts'
import { parseExactJson } from '../../base/exact-json.ts'
import { writeJson } from '../../base/write-json.ts'
import type { AdmissionRequest } from '../admission.ts'
import { changeObject } from '../request-change.ts'
import { versioned } from '../request-facts.ts'

/**
 * Changes `request.object` in place. `patch` is the text of a JSON patch. Throws a 500 if it cannot be applied; returns whether it changed
 * anything.
 */
export function applyHookPatch(patch: string, hook: string, request: AdmissionRequest, version: ResourceDefinition): boolean {
  const { object } = request
  const operations = parsed(patch)
  if (operations.length === 0) return false
  const by = `admission webhook ${writeJson(hook)}`
  if (object === undefined) throw internalError(`${by} attempted to modify the object, which is not supported for this operation`)
  const shown: unknown = parseExactJson(writeJson(versioned(request, object, version)))
  return changeObject(request, object, { by, version, wanted: patchedValue(shown, operations), fields: 'Ignore' }).changed
}

function parsed(patch: string): readonly unknown[] {
  // The result must not nest deeper than a body may, because later readers could not handle it.
  if (scanJson(Buffer.from(patch)).depth > maxDepth)
    throw internalError(`the patch of an admission webhook is nested deeper than ${maxDepth} levels`)
  let value: unknown
  try {
    value = parseExactJson(patch)
  } catch {
    throw internalError('the patch of an admission webhook is not JSON')
  }
  if (!Array.isArray(value)) throw internalError('the patch of an admission webhook is not a list of operations')
  return value
}

function patchedValue(target: unknown, operations: readonly unknown[]): unknown {
  try {
    return applyJsonPatch(target, operations)
  } catch (err) {
    if (!(err instanceof ApiError)) throw err
    throw internalError(err.cause instanceof Error ? err.cause.message : err.message, { cause: err })
  }
}
