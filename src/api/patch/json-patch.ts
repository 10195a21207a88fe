// JSON patch (RFC 6902): fast-json-patch with upstream's limits and answers.
import jsonPatch from 'fast-json-patch'
import { isRecord } from '../schema/compile.ts'
import { type ApiError, apiError, badRequest, tooLarge } from '../status.ts'

export const maxOperations = 10_000
/** Bytes that all `copy` operations of one patch may add, so that copies of copies cannot grow without bound. */
export const maxCopiedBytes = 3 * 1024 * 1024

type Operation = Parameters<typeof jsonPatch.applyOperation>[1]

/** Never changes `target`. Throws a 400 where `patch` is no list of operations, a 422 where one cannot be applied, a 413 beyond the limits. */
export function applyJsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) {
    throw badRequest(`json: cannot unmarshal ${isRecord(patch) ? 'object' : typeof patch} into Go value of type jsonpatch.Patch`)
  }
  if (patch.length > maxOperations) {
    throw tooLarge(`The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`)
  }
  let document: unknown = structuredClone(target)
  let copied = 0
  for (const [index, operation] of patch.entries()) {
    if (!isOperation(operation)) throw badRequest(`operation ${index} of the JSON patch is not an object with "op" and "path"`)
    try {
      if (operation.op === 'copy') {
        copied += JSON.stringify(jsonPatch.getValueByPointer(document, operation.from) ?? null).length
        if (copied > maxCopiedBytes) {
          throw tooLarge(
            `Unable to complete the copy, the accumulated size increase of copy is ${copied}, exceeding the limit ${maxCopiedBytes}`,
          )
        }
      }
      document = jsonPatch.applyOperation(document, operation, true, true, true, index).newDocument
    } catch (err) {
      if (err instanceof jsonPatch.JsonPatchError || err instanceof TypeError) throw rejected(err)
      throw err
    }
  }
  return document
}

function isOperation(value: unknown): value is Operation {
  return isRecord(value) && typeof value['op'] === 'string' && typeof value['path'] === 'string'
}

/** Upstream's answer says nothing of the cause; it goes to the log only. */
function rejected(cause: Error): ApiError {
  return apiError(422, 'Invalid', 'the server rejected our request due to an error in our request', {}, { cause })
}
