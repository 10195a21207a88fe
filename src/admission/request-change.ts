// Applies a change by a webhook or policy to the object of a request: decoded with the schema of its version, defaulted, and replaced.
import type { KubeObject, ObjectMeta } from '../api/object.ts'
import type { ResourceDefinition } from '../api/resources/resource.ts'
import { decodeValue, type FieldValidation, strictDecodingMessage } from '../api/schema/decode.ts'
import { schemaFor } from '../api/schema/model.ts'
import { internalError, tooLarge } from '../api/status.ts'
import { setOwn } from '../base/data/own-property.ts'
import { writeJson } from '../base/write-json.ts'
import type { AdmissionRequest } from './admission.ts'
import { rememberBefore } from './before-changes.ts'
import { isOfOtherKind, kindIn, versioned } from './request-facts.ts'
import { inVersion } from './served-kinds.ts'

/** Limit of UTF-16 units of an object in JSON, as for requests of clients. */
const maxPatchedLength = 3 * 1024 * 1024

/** Only the server decides these: changing them would make it another object than the one that was validated. */
const fixed = ['name', 'generateName', 'namespace'] as const
/** Changes of these are ignored. */
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

export interface ObjectChange {
  /** The author of the change, as in errors: `admission webhook "x"`. */
  readonly by: string
  /** The version of `wanted`. */
  readonly version: ResourceDefinition
  /** The whole object in JSON. Not changed. */
  readonly wanted: unknown
  /** Strict: unknown fields are an error instead of being ignored. */
  readonly fields: Extract<FieldValidation, 'Ignore' | 'Strict'>
}

export interface Changed {
  readonly changed: boolean
  /** UTF-16 units of the object in JSON. */
  readonly length: number
}

/** Changes `object`, the request's object, in place. Throws a 500 if the result is not an object of its kind, or is another object. */
export function changeObject(request: AdmissionRequest, object: KubeObject, { by, version, wanted, fields }: ObjectChange): Changed {
  const patched = read(wanted, request, version, fields)
  keepIdentity(patched.metadata, object.metadata, by)
  const decided = versioned(request, object, version) === object ? patched : inVersion(patched, version, request.resource)
  if (!isOfOtherKind(request)) request.resource.setDefaults?.(decided)
  const text = writeJson(decided)
  if (text.length > maxPatchedLength) throw tooLarge(`${by} made the object larger than ${maxPatchedLength}`)
  const changed = text !== writeJson(object)
  if (changed) {
    rememberBefore(request, object, by)
    replaceContent(object, decided)
  }
  return { changed, length: text.length }
}

function read(value: unknown, request: AdmissionRequest, version: ResourceDefinition, fields: FieldValidation): KubeObject {
  const { group, version: name, kind } = kindIn(request, version)
  const custom = isOfOtherKind(request) ? undefined : version.custom
  const schema = custom === undefined ? schemaFor(group, name, kind) : undefined
  const decoded = custom?.decode(value, fields) ?? (schema && decodeValue(value, schema, fields))
  if (decoded === undefined) throw new Error(`${kind} has no schema`)
  if (!decoded.ok) throw internalError(decoded.message)
  if (decoded.strictErrors.length > 0) throw internalError(strictDecodingMessage(decoded.strictErrors))
  decoded.object.metadata ??= {}
  return decoded.object
}

function keepIdentity(patched: ObjectMeta, before: ObjectMeta, by: string): void {
  for (const field of fixed) {
    if ((patched[field] ?? '') === (before[field] ?? '')) continue
    throw internalError(`${by} attempted to change metadata.${field}`)
  }
  for (const field of kept) {
    if (before[field] === undefined) delete patched[field]
    else Object.assign(patched, { [field]: before[field] })
  }
}

/** Others hold references to the object and its metadata. */
function replaceContent(object: KubeObject, wanted: KubeObject): void {
  const { metadata } = object
  replace(metadata, wanted.metadata)
  replace(object, { ...wanted, metadata })
}

function replace(target: object, content: object): void {
  for (const key of Object.keys(target)) if (!Object.hasOwn(content, key)) Reflect.deleteProperty(target, key)
  // A member named __proto__ is an ordinary member.
  for (const [key, value] of Object.entries(content)) setOwn(target as Record<string, unknown>, key, value)
}
