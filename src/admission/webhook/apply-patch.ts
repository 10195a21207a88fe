// The patch of a mutating webhook on the object of a request: applied in the version that the webhook knows, read by the schema, defaulted.
import type { KubeObject, ObjectMeta } from '../../api/object.ts'
import { applyJsonPatch } from '../../api/patch/json-patch.ts'
import type { ResourceDefinition } from '../../api/resource.ts'
import { setOwn } from '../../api/schema/compile.ts'
import { decodeValue } from '../../api/schema/decode.ts'
import { schemaFor } from '../../api/schema/model.ts'
import { ApiError, internalError, tooLarge } from '../../api/status.ts'
import type { AdmissionRequest } from '../admission.ts'
import { isOfOtherKind, kindIn, versioned } from '../request-facts.ts'
import { inVersion } from '../served-kinds.ts'

/** UTF-16 units of an object in JSON, the limit of what a client may send. */
export const maxPatchedLength = 3 * 1024 * 1024

/** What only the server decides: a webhook that changes it would make another object of the one that was judged. */
const fixed = ['name', 'generateName', 'namespace'] as const
/** What a webhook's change of is passed over. */
const kept = [
  'uid',
  'creationTimestamp',
  'resourceVersion',
  'generation',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
] as const

/** Changes `request.object` in place. `patch` is the text of a JSON patch. Throws a 500 where it cannot be applied; gives whether it changed anything. */
export function applyHookPatch(patch: string, hook: string, request: AdmissionRequest, version: ResourceDefinition): boolean {
  const { object } = request
  const operations = parsed(patch)
  if (operations.length === 0) return false
  if (object === undefined) {
    throw internalError(
      `admission webhook ${JSON.stringify(hook)} attempted to modify the object, which is not supported for this operation`,
    )
  }
  const shown = versioned(request, object, version)
  const before = JSON.stringify(shown)
  const patched = read(patchedValue(JSON.parse(before), operations), request, version)
  keepIdentity(patched.metadata, object.metadata, hook)
  const decided = shown === object ? patched : inVersion(patched, version, request.resource)
  if (!isOfOtherKind(request)) request.resource.setDefaults?.(decided)
  const text = JSON.stringify(decided)
  if (text.length > maxPatchedLength)
    throw tooLarge(`admission webhook ${JSON.stringify(hook)} made the object larger than ${maxPatchedLength}`)
  const changed = text !== JSON.stringify(object)
  if (changed) replaceContent(object, decided)
  return changed
}

function parsed(patch: string): readonly unknown[] {
  let value: unknown
  try {
    value = JSON.parse(patch)
  } catch {
    throw internalError('the patch of an admission webhook is no JSON')
  }
  if (!Array.isArray(value)) throw internalError('the patch of an admission webhook is no list of operations')
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

function read(value: unknown, request: AdmissionRequest, version: ResourceDefinition): KubeObject {
  const { group, version: name, kind } = kindIn(request, version)
  const custom = isOfOtherKind(request) ? undefined : version.custom
  const schema = custom === undefined ? schemaFor(group, name, kind) : undefined
  const decoded = custom?.decode(value, 'Ignore') ?? (schema && decodeValue(value, schema, 'Ignore'))
  if (decoded === undefined) throw new Error(`${kind} has no schema`)
  if (!decoded.ok) throw internalError(decoded.message)
  decoded.object.metadata ??= {}
  return decoded.object
}

function keepIdentity(patched: ObjectMeta, before: ObjectMeta, hook: string): void {
  for (const field of fixed) {
    if ((patched[field] ?? '') === (before[field] ?? '')) continue
    throw internalError(`admission webhook ${JSON.stringify(hook)} attempted to change metadata.${field}`)
  }
  for (const field of kept) {
    if (before[field] === undefined) delete patched[field]
    else Object.assign(patched, { [field]: before[field] })
  }
}

/** Others hold the object and its metadata already. */
function replaceContent(object: KubeObject, wanted: KubeObject): void {
  const { metadata } = object
  replace(metadata, wanted.metadata)
  replace(object, { ...wanted, metadata })
}

function replace(target: object, content: object): void {
  for (const key of Object.keys(target)) if (!Object.hasOwn(content, key)) Reflect.deleteProperty(target, key)
  // A member named __proto__ is a member.
  for (const [key, value] of Object.entries(content)) setOwn(target as Record<string, unknown>, key, value)
}
